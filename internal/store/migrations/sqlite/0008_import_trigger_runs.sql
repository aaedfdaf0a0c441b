-- +goose Up
-- Trigger runs that imported logs hold. A row of trigger_run that Azure has not shown is the fold of these.
CREATE TABLE import_trigger_run (
	place_id  INTEGER NOT NULL,
	id_key    TEXT NOT NULL, -- as in trigger_run
	import_id INTEGER NOT NULL,
	raw       BLOB NOT NULL, -- all that the import says of the trigger run, as one row
	PRIMARY KEY (place_id, id_key, import_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_trigger_run_import ON import_trigger_run (import_id);

ALTER TABLE import ADD COLUMN triggers_taken     INTEGER NOT NULL DEFAULT 0; -- as taken, known and completed, of trigger runs
ALTER TABLE import ADD COLUMN triggers_known     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import ADD COLUMN triggers_completed INTEGER NOT NULL DEFAULT 0;
