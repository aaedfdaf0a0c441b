-- +goose Up
-- Imports of files, and what each gave to each run, so that one import can be undone exactly.

CREATE TABLE import (
	id        INTEGER PRIMARY KEY,
	began     INTEGER NOT NULL,
	ended     INTEGER NOT NULL DEFAULT 0, -- 0: broken off, or still running
	undone    INTEGER NOT NULL DEFAULT 0, -- 0: not undone
	paths     TEXT NOT NULL,              -- JSON array, as they were named
	files     INTEGER NOT NULL DEFAULT 0,
	taken     INTEGER NOT NULL DEFAULT 0, -- runs that were new here, or newer than what was here
	known     INTEGER NOT NULL DEFAULT 0, -- rows that added nothing
	completed INTEGER NOT NULL DEFAULT 0, -- runs of which a missing field was filled
	refused   INTEGER NOT NULL DEFAULT 0  -- rows that are no run
) STRICT;

-- One row for each run and each source of it; only for runs that an import has shown. import_id 0 is Azure itself, -1
-- an import before this table. The run's row is the fold of its contributions.
CREATE TABLE import_run (
	run_seq   INTEGER NOT NULL,
	import_id INTEGER NOT NULL,
	origin    INTEGER NOT NULL, -- 0: API, 1: file, 2: log
	received  INTEGER NOT NULL, -- when
	flags     INTEGER NOT NULL, -- flags of the run that go with this contribution
	raw       BLOB,             -- as in run_raw; NULL: equal to the run's row
	PRIMARY KEY (run_seq, import_id)
) STRICT, WITHOUT ROWID;

-- Earlier versions imported rows without any time. They are removed when the store is next opened for writing.
CREATE TABLE untimed_runs (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	removed INTEGER NOT NULL,
	at      INTEGER NOT NULL -- 0: not done yet
) STRICT;
INSERT INTO untimed_runs (id, removed, at) VALUES (1, 0, 0);
