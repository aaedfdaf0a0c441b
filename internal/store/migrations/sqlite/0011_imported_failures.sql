-- +goose Up
-- What the cause of a run needs of the activities that failed in it, as imported logs hold them: like failed_activity, but
-- by the run's id, since its activities are kept whether it is stored or not. Derived from import_activity.raw.
CREATE TABLE import_failed_activity (
	factory_id   INTEGER NOT NULL,
	run_id       BLOB NOT NULL,
	n            INTEGER NOT NULL, -- order of the starts
	activity_id  BLOB NOT NULL,    -- as in import_activity
	started      INTEGER NOT NULL, -- 0: it has no start
	name         TEXT NOT NULL,
	type         TEXT NOT NULL,
	text         TEXT NOT NULL,
	code         TEXT NOT NULL,
	failure_type TEXT NOT NULL,
	child_run_id TEXT NOT NULL,
	inner_name   TEXT NOT NULL, -- innermost activity that its message names
	PRIMARY KEY (factory_id, run_id, n)
) STRICT, WITHOUT ROWID;

-- Runs whose activities an earlier version imported. Each leaves once its failed activities are derived.
CREATE TABLE import_failed_due (
	factory_id INTEGER NOT NULL,
	run_id     BLOB NOT NULL,
	PRIMARY KEY (factory_id, run_id)
) STRICT, WITHOUT ROWID;
INSERT INTO import_failed_due SELECT DISTINCT factory_id, run_id FROM import_activity;
