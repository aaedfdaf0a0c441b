-- +goose Up
-- Activity runs that imported logs hold. They are kept by the run they belong to, whether that run is stored or not, so
-- that files can be read in any order. What Azure says of the activities of a run (table activity) is shown instead.
CREATE TABLE import_activity (
	factory_id  INTEGER NOT NULL,
	run_id      BLOB NOT NULL, -- of the pipeline run, as in run
	activity_id BLOB NOT NULL, -- activityRunId, in the same form
	import_id   INTEGER NOT NULL,
	raw         BLOB NOT NULL, -- all that the import says of the activity run, as one row
	PRIMARY KEY (factory_id, run_id, activity_id, import_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_activity_import ON import_activity (import_id);

ALTER TABLE import ADD COLUMN activities_taken     INTEGER NOT NULL DEFAULT 0; -- as taken, known and completed, of activity runs
ALTER TABLE import ADD COLUMN activities_known     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import ADD COLUMN activities_completed INTEGER NOT NULL DEFAULT 0;
