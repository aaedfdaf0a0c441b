-- +goose Up
-- What started runs is a trigger, a parent pipeline or a person. Earlier versions kept what Azure names children by, a
-- GUID for each. Those invokers move here; the store gives their runs others in the background and empties the table.
CREATE TABLE folded_invoker (id INTEGER PRIMARY KEY, type TEXT NOT NULL) STRICT;
INSERT INTO folded_invoker (id, type) SELECT id, type FROM invoker
	WHERE iif(type LIKE 'Manual', name <> type, iif(type = '', name LIKE '________-____-____-____-____________', type NOT LIKE '%Trigger'))
	ORDER BY id;

-- To empty a table and to fill it with what stays takes a tenth of the time that deleting most of its rows does.
CREATE TEMP TABLE kept_invoker AS SELECT id, name, type FROM invoker WHERE id NOT IN (SELECT id FROM folded_invoker);
CREATE TEMP TABLE kept_pipeline AS SELECT invoker_id, pipeline_id FROM invoker_pipeline
	WHERE invoker_id NOT IN (SELECT id FROM folded_invoker);
CREATE TEMP TABLE folded_pipeline AS SELECT DISTINCT type, pipeline_id FROM folded_invoker JOIN invoker_pipeline ON invoker_id = id;
DELETE FROM invoker;
DELETE FROM invoker_pipeline;
INSERT INTO invoker (id, name, type) SELECT id, name, type FROM kept_invoker ORDER BY id;
INSERT INTO invoker_pipeline (invoker_id, pipeline_id) SELECT invoker_id, pipeline_id FROM kept_pipeline;

-- What is known of those runs until then: their kind, and the pipelines to look for them in. The first id is above all
-- that moved, so that none of them is given out once more.
INSERT INTO invoker (id, name, type) SELECT max(id) + 1, '', 'PipelineActivity' FROM folded_invoker HAVING count(*) > 0;
INSERT OR IGNORE INTO invoker (name, type) SELECT DISTINCT iif(type LIKE 'Manual', type, ''), type FROM folded_invoker WHERE type <> '';
INSERT OR IGNORE INTO invoker_pipeline (invoker_id, pipeline_id)
	SELECT id, pipeline_id FROM folded_pipeline f JOIN invoker i ON i.type = f.type AND i.name = iif(f.type LIKE 'Manual', f.type, '');
DROP TABLE kept_invoker;
DROP TABLE kept_pipeline;
DROP TABLE folded_pipeline;

-- Children by day and parent: four bytes of its id find them, in 12 bytes a child less than 16 do.
DROP INDEX run_parent;
CREATE INDEX run_parent_prefix ON run (run_start / 864000000000, substr(parent_id, 1, 4)) WHERE parent_id IS NOT NULL;
