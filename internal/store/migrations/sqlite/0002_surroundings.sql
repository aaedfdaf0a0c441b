-- +goose Up
-- What stands around the runs of a place: its pipelines, triggers and integration runtimes, and the runs of its
-- triggers. place_id is the id of a row of factory, which is where runs happen: nothing here needs that to be an ADF
-- factory. What Azure does not list any more is marked gone and never deleted.

-- Until when each kind was read to its end (0: never), and what has stood in the way since.
CREATE TABLE surroundings (
	place_id INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	as_of    INTEGER NOT NULL,
	trouble  TEXT,
	PRIMARY KEY (place_id, kind)
) STRICT, WITHOUT ROWID;

-- The named things of a place as they are now. changed and gone are readings that showed so first.
CREATE TABLE resource (
	id       INTEGER PRIMARY KEY,
	place_id INTEGER NOT NULL,
	kind     TEXT NOT NULL,
	name_key TEXT NOT NULL,    -- in lower case
	name     TEXT NOT NULL,
	etag     TEXT NOT NULL,
	digest   BLOB NOT NULL,    -- SHA-256 of what matters of it
	raw      BLOB,             -- NULL of a pipeline, whose versions hold it
	since    INTEGER NOT NULL, -- it was seen first
	changed  INTEGER NOT NULL, -- its content became what it is, or it came back
	gone     INTEGER,          -- it was missing; NULL while it is there
	UNIQUE (place_id, kind, name_key)
) STRICT;

-- Contents of definitions, each stored once however often it was published, and wherever.
CREATE TABLE content (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, raw BLOB NOT NULL) STRICT;

-- Versions of pipelines. One is in force from from_t until the next one's.
CREATE TABLE definition (
	resource_id  INTEGER NOT NULL,
	from_t       INTEGER NOT NULL, -- when it was published, else when it was seen first
	content_id   INTEGER NOT NULL,
	etag         TEXT NOT NULL,    -- of its last publishing
	published    INTEGER NOT NULL, -- last; 0: unknown
	published_by TEXT,
	seen         INTEGER NOT NULL, -- first
	PRIMARY KEY (resource_id, from_t)
) STRICT, WITHOUT ROWID;

-- What integration runtimes said last. 0: never.
CREATE TABLE runtime_reading (
	resource_id  INTEGER PRIMARY KEY,
	status       BLOB,
	status_as_of INTEGER NOT NULL,
	monitoring   BLOB,
	monitored_at INTEGER NOT NULL
) STRICT;

-- The state of a runtime (node_key '') and of its nodes: the one now of those that are listed, and those before, with a
-- row for each change and not for each reading. Between seen and the next from_t nobody looked.
CREATE TABLE runtime_state (
	resource_id INTEGER NOT NULL,
	node_key    TEXT NOT NULL,
	from_t      INTEGER NOT NULL,
	seen        INTEGER NOT NULL,
	node        TEXT NOT NULL,
	state       TEXT NOT NULL,
	version     TEXT NOT NULL,
	PRIMARY KEY (resource_id, node_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE runtime_past (
	resource_id INTEGER NOT NULL,
	node_key    TEXT NOT NULL,
	from_t      INTEGER NOT NULL,
	seen        INTEGER NOT NULL,
	node        TEXT NOT NULL,
	state       TEXT, -- NULL: not listed any more
	version     TEXT NOT NULL,
	PRIMARY KEY (resource_id, from_t, node_key)
) STRICT, WITHOUT ROWID;

-- Trigger runs. fired is what one sorts by: its triggerRunTimestamp, else when Azure told of it.
CREATE TABLE trigger_run (
	seq         INTEGER PRIMARY KEY,
	place_id    INTEGER NOT NULL,
	id_key      TEXT NOT NULL,    -- triggerRunId in upper case: ids of one time lie together
	trigger_key TEXT NOT NULL,    -- the trigger's name in lower case
	status      TEXT NOT NULL,
	fired       INTEGER NOT NULL,
	as_of       INTEGER NOT NULL, -- Azure said so last
	flags       INTEGER NOT NULL,
	raw         BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX trigger_run_key ON trigger_run (place_id, id_key);
CREATE INDEX trigger_run_fired ON trigger_run (fired);
CREATE INDEX trigger_run_place ON trigger_run (place_id, fired);
CREATE INDEX trigger_run_trigger ON trigger_run (trigger_key, fired);
CREATE INDEX trigger_run_odd ON trigger_run (status, fired) WHERE status <> 'Succeeded';
CREATE INDEX trigger_run_open ON trigger_run (place_id, fired) WHERE status NOT IN ('Succeeded', 'Failed', 'Cancelled');

-- The runs that a trigger run names.
CREATE TABLE triggered_run (
	trigger_seq INTEGER NOT NULL,
	run_id      BLOB NOT NULL, -- as in run
	place_id    INTEGER NOT NULL,
	PRIMARY KEY (trigger_seq, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX triggered_run_id ON triggered_run (place_id, run_id);

-- As coverage, for queries of trigger runs.
CREATE TABLE trigger_coverage (
	place_id INTEGER NOT NULL,
	from_t   INTEGER NOT NULL,
	to_t     INTEGER NOT NULL,
	PRIMARY KEY (place_id, from_t)
) STRICT, WITHOUT ROWID;
