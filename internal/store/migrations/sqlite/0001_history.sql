-- +goose Up
-- Times are ticks of 100 ns since 1970-01-01 UTC, as ADF writes them.

CREATE TABLE factory (
	id          INTEGER PRIMARY KEY,
	arm_key     TEXT NOT NULL UNIQUE,  -- arm_id in lower case: ARM compares without regard to case
	arm_id      TEXT NOT NULL,
	short       TEXT NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	location    TEXT NOT NULL,
	tags        TEXT,
	source      TEXT NOT NULL,
	as_of       INTEGER NOT NULL DEFAULT 0, -- the watermark: everything last updated before it is stored
	state       TEXT NOT NULL,
	wanted_from INTEGER NOT NULL DEFAULT 0,
	trouble     TEXT,
	odd_rows    INTEGER NOT NULL DEFAULT 0, -- rows with a field that could not be read, and rows that could not be kept
	unread      INTEGER NOT NULL DEFAULT 0  -- runs in run_unread
) STRICT;

CREATE TABLE source_state (
	source        TEXT PRIMARY KEY,
	state         TEXT NOT NULL,
	what          TEXT NOT NULL,
	advice        TEXT NOT NULL,
	command       TEXT NOT NULL,
	at            INTEGER NOT NULL,
	subscriptions INTEGER
) STRICT, WITHOUT ROWID;

-- Merged, disjoint intervals of lastUpdated that were read to their end.
CREATE TABLE coverage (
	factory_id INTEGER NOT NULL,
	from_t     INTEGER NOT NULL,
	to_t       INTEGER NOT NULL,
	PRIMARY KEY (factory_id, from_t)
) STRICT, WITHOUT ROWID;

-- Dictionaries. The set of statuses is open: a word that ADF adds gets an id from 16 on.
CREATE TABLE status (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO status (id, word) VALUES
	(1, 'Queued'), (2, 'Succeeded'), (3, 'Failed'), (4, 'InProgress'), (5, 'Canceling'), (6, 'Cancelled');
CREATE TABLE pipeline (
	id         INTEGER PRIMARY KEY,
	factory_id INTEGER NOT NULL,
	name       TEXT NOT NULL, -- as first seen
	name_key   TEXT NOT NULL, -- in lower case
	UNIQUE (factory_id, name_key)
) STRICT;
CREATE TABLE invoker (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, UNIQUE (name, type)) STRICT;
CREATE TABLE annotation_set (id INTEGER PRIMARY KEY, list TEXT NOT NULL UNIQUE) STRICT; -- a JSON array of texts
CREATE TABLE raw_dictionary (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, content BLOB NOT NULL) STRICT;

-- Which pipelines an invoker started, and which carried a set of annotations: filters by these walk the pipelines.
CREATE TABLE invoker_pipeline (
	invoker_id INTEGER NOT NULL, pipeline_id INTEGER NOT NULL, PRIMARY KEY (invoker_id, pipeline_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotation_pipeline (
	set_id INTEGER NOT NULL, pipeline_id INTEGER NOT NULL, PRIMARY KEY (set_id, pipeline_id)
) STRICT, WITHOUT ROWID;

-- seq counts arrivals, so that no index grows at random places. run_start is what the run sorts by: its runStart,
-- else its lastUpdated, else its arrival.
CREATE TABLE run (
	seq          INTEGER PRIMARY KEY,
	factory_id   INTEGER NOT NULL,
	pipeline_id  INTEGER NOT NULL,
	invoker_id   INTEGER NOT NULL, -- 0: none
	set_id       INTEGER NOT NULL, -- of annotations; 0: none
	status       INTEGER NOT NULL,
	run_start    INTEGER NOT NULL,
	run_end      INTEGER,
	duration_ms  INTEGER,
	dur_b        INTEGER NOT NULL, -- 0: unknown duration, else 1 + floor(2*log2(ms+1))
	last_updated INTEGER NOT NULL, -- 0: none
	run_id       BLOB NOT NULL,    -- 16 bytes of a GUID, else 'x' and the text in lower case
	group_id     BLOB,             -- NULL: the run's own id
	parent_id    BLOB,             -- runId of the run that started it
	flags        INTEGER NOT NULL,
	healed_at    INTEGER,          -- of a failure: run_start of the first success after it
	healed_seq   INTEGER
) STRICT;
CREATE UNIQUE INDEX run_key ON run (factory_id, run_start, run_id);
CREATE INDEX run_start ON run (run_start);
CREATE INDEX run_pipeline ON run (pipeline_id, run_start);
CREATE INDEX run_odd ON run (status, run_start) WHERE status <> 2;
CREATE INDEX run_odd_factory ON run (factory_id, status, run_start) WHERE status <> 2;
CREATE INDEX run_odd_pipeline ON run (pipeline_id, status, run_start) WHERE status <> 2;
CREATE INDEX run_open ON run (run_start) WHERE status = 3 AND healed_at IS NULL;
CREATE INDEX run_open_pipeline ON run (pipeline_id, run_start) WHERE status = 3 AND healed_at IS NULL;
CREATE INDEX run_healer ON run (healed_seq) WHERE healed_seq IS NOT NULL;
CREATE INDEX run_healed_group ON run (pipeline_id, run_start) WHERE flags & 64 <> 0; -- healed by a run of another pipeline
CREATE INDEX run_duration ON run (dur_b, run_start, duration_ms);
CREATE INDEX run_segment ON run (seq >> 13, run_id);                                        -- by runId, a segment per 8,192 arrivals
CREATE INDEX run_group ON run (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX run_parent ON run (run_start / 864000000000, parent_id) WHERE parent_id IS NOT NULL; -- by the day
CREATE INDEX run_unread ON run (factory_id, status, run_start) WHERE flags & 128 <> 0;      -- activities still to be read

CREATE TABLE run_raw (seq INTEGER PRIMARY KEY, raw BLOB NOT NULL) STRICT;

-- A filter over the runIds of each 1,048,576 arrivals; upto is the last arrival in it.
CREATE TABLE run_seen (block INTEGER PRIMARY KEY, upto INTEGER NOT NULL, bits BLOB NOT NULL) STRICT;

-- Messages of failures. The id sorts by run_start, so that matches come newest first without a sort.
CREATE TABLE run_message (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, message TEXT NOT NULL) STRICT;
CREATE VIRTUAL TABLE run_search USING fts5 (message, content = 'run_message', content_rowid = 'id');

CREATE TABLE activity (
	run_seq INTEGER NOT NULL, n INTEGER NOT NULL, raw BLOB NOT NULL, PRIMARY KEY (run_seq, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE activity_read (run_seq INTEGER PRIMARY KEY, as_of INTEGER NOT NULL) STRICT;

-- Roll-ups: runs by status, and failures still open. factory_id 0 is the sum of all.
CREATE TABLE roll_hour (
	factory_id INTEGER NOT NULL, hour INTEGER NOT NULL,
	queued INTEGER NOT NULL, running INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
	canceling INTEGER NOT NULL, cancelled INTEGER NOT NULL, other INTEGER NOT NULL, open INTEGER NOT NULL,
	PRIMARY KEY (factory_id, hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE roll_day (
	factory_id INTEGER NOT NULL, day INTEGER NOT NULL,
	queued INTEGER NOT NULL, running INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
	canceling INTEGER NOT NULL, cancelled INTEGER NOT NULL, other INTEGER NOT NULL, open INTEGER NOT NULL,
	PRIMARY KEY (factory_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE roll_month ( -- month: year * 12 + month - 1
	factory_id INTEGER NOT NULL, month INTEGER NOT NULL,
	queued INTEGER NOT NULL, running INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
	canceling INTEGER NOT NULL, cancelled INTEGER NOT NULL, other INTEGER NOT NULL, open INTEGER NOT NULL,
	PRIMARY KEY (factory_id, month)
) STRICT, WITHOUT ROWID;
CREATE TABLE roll_pipeline_day (
	day INTEGER NOT NULL, pipeline_id INTEGER NOT NULL,
	queued INTEGER NOT NULL, running INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
	canceling INTEGER NOT NULL, cancelled INTEGER NOT NULL, other INTEGER NOT NULL, open INTEGER NOT NULL,
	PRIMARY KEY (day, pipeline_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE roll_pipeline_month (
	month INTEGER NOT NULL, pipeline_id INTEGER NOT NULL,
	queued INTEGER NOT NULL, running INTEGER NOT NULL, ok INTEGER NOT NULL, failed INTEGER NOT NULL,
	canceling INTEGER NOT NULL, cancelled INTEGER NOT NULL, other INTEGER NOT NULL, open INTEGER NOT NULL,
	PRIMARY KEY (month, pipeline_id)
) STRICT, WITHOUT ROWID;
