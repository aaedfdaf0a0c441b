-- +goose Up
-- What the cause of a run needs of the activities that failed in it: the last failure of each name, in order of their
-- starts. Derived from activity.raw; runs of before get theirs when their recovery is derived.
CREATE TABLE failed_activity (
	run_seq      INTEGER NOT NULL,
	n            INTEGER NOT NULL,
	name         TEXT NOT NULL,
	type         TEXT NOT NULL,
	text         TEXT NOT NULL,
	code         TEXT NOT NULL,
	failure_type TEXT NOT NULL,
	child_run_id TEXT NOT NULL,
	inner_name   TEXT NOT NULL, -- innermost activity that its message names
	PRIMARY KEY (run_seq, n)
) STRICT, WITHOUT ROWID;
