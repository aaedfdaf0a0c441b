-- +goose Up
-- What became of failed runs: open, not redone or recovered, by parameters. What was stored before is derived in the
-- background, pipeline by pipeline; until then the recovery of a failed run is NULL.

DROP INDEX run_open;
DROP INDEX run_open_pipeline;
DROP INDEX run_healer;
DROP INDEX run_healed_group;
ALTER TABLE run RENAME COLUMN healed_at TO recovered_at;   -- run_start of the run that recovered this one; valid with recovery >= 3
ALTER TABLE run RENAME COLUMN healed_seq TO recovered_seq; -- that run
-- Of a failed run: 1 open, 2 not redone, 3 recovered by rerun, 4 by trigger window, 5 by parameters, 6 below its
-- parent's recovery; NULL: not derived yet.
ALTER TABLE run ADD COLUMN recovery INTEGER;
ALTER TABLE run ADD COLUMN work_end INTEGER;   -- of a failed run: when it ended, as recovery counts it
ALTER TABLE run ADD COLUMN shape_id INTEGER;   -- which parameters are compared
ALTER TABLE run ADD COLUMN params_key INTEGER; -- hash of the compared parameters; NULL: unknown
ALTER TABLE run ADD COLUMN series_id INTEGER;  -- NULL: unknown

CREATE INDEX run_open ON run (run_start) WHERE status = 3 AND recovery = 1;
CREATE INDEX run_not_redone ON run (run_start) WHERE status = 3 AND recovery = 2;
CREATE INDEX run_failed_pipeline ON run (pipeline_id, recovery, run_start) WHERE status = 3;
CREATE INDEX run_failed_series ON run (series_id, recovery, work_end) WHERE status = 3;
CREATE INDEX run_failed_work ON run (pipeline_id, params_key, recovery, work_end) WHERE status = 3;
CREATE INDEX run_recovered_by ON run (recovered_seq) WHERE recovery >= 3;
-- By stretches of 30 days, so that new runs do not grow the index at random places.
CREATE INDEX run_done_work ON run (run_start / 25920000000000, pipeline_id, params_key, run_start) WHERE status = 2 AND params_key IS NOT NULL;

-- A pipeline's classes of parameters, as JSON; when they were decided (0: from the first page of its runs); and
-- whether series and keys of its runs are by these classes.
ALTER TABLE pipeline ADD COLUMN classes TEXT;
ALTER TABLE pipeline ADD COLUMN classes_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pipeline ADD COLUMN derived INTEGER NOT NULL DEFAULT 0;

-- The runs of one pipeline with equal recurring parameters. An id is never used again: while a pipeline is derived
-- again, its runs still name series of before.
CREATE TABLE series (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	pipeline_id INTEGER NOT NULL,
	key         INTEGER NOT NULL, -- hash of the recurring parameters
	label       TEXT NOT NULL,    -- them as JSON, an object of texts
	newest_ok   INTEGER,          -- run_start of its newest success; NULL: none
	UNIQUE (pipeline_id, key)
) STRICT;

-- The sets of compared parameters that runs of a pipeline have.
CREATE TABLE shape (
	id          INTEGER PRIMARY KEY,
	pipeline_id INTEGER NOT NULL,
	names       TEXT NOT NULL,    -- a JSON array of texts, in order
	UNIQUE (pipeline_id, names)
) STRICT;

-- How far one-time derivations of stored rows have come.
CREATE TABLE derivation (name TEXT PRIMARY KEY, upto INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO derivation VALUES ('trigger windows', 0);

-- The window of a tumbling trigger's run; NULL: none.
ALTER TABLE trigger_run ADD COLUMN window_from INTEGER;
ALTER TABLE trigger_run ADD COLUMN window_to INTEGER;
CREATE INDEX trigger_run_window ON trigger_run (place_id, trigger_key, window_from, window_to) WHERE window_from IS NOT NULL;

-- Failed runs that are not redone, and those whose recovery is not derived yet: all of those stored before.
ALTER TABLE roll_hour ADD COLUMN not_redone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_hour ADD COLUMN underived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_day ADD COLUMN not_redone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_day ADD COLUMN underived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_month ADD COLUMN not_redone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_month ADD COLUMN underived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_pipeline_day ADD COLUMN not_redone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_pipeline_day ADD COLUMN underived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_pipeline_month ADD COLUMN not_redone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roll_pipeline_month ADD COLUMN underived INTEGER NOT NULL DEFAULT 0;
UPDATE roll_hour SET open = 0, underived = failed WHERE failed > 0;
UPDATE roll_day SET open = 0, underived = failed WHERE failed > 0;
UPDATE roll_month SET open = 0, underived = failed WHERE failed > 0;
UPDATE roll_pipeline_day SET open = 0, underived = failed WHERE failed > 0;
UPDATE roll_pipeline_month SET open = 0, underived = failed WHERE failed > 0;
