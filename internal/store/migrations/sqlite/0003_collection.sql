-- +goose Up
-- What collecting has seen of Azure and what it cost.

-- Rows that became visible only after the window that should have shown them: how many, by day of the finding and by
-- lateness, bucket b holding what was up to 2^b seconds late.
CREATE TABLE lateness (
	factory_id INTEGER NOT NULL, day INTEGER NOT NULL, bucket INTEGER NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (factory_id, day, bucket)
) STRICT, WITHOUT ROWID;

-- Requests sent to Azure and run records received, by hour. factory_id 0: calls that concern no factory.
CREATE TABLE usage_hour (
	hour INTEGER NOT NULL, factory_id INTEGER NOT NULL, source TEXT NOT NULL, purpose TEXT NOT NULL,
	requests INTEGER NOT NULL, records INTEGER NOT NULL, throttled INTEGER NOT NULL, failed INTEGER NOT NULL,
	PRIMARY KEY (hour, factory_id, source, purpose)
) STRICT, WITHOUT ROWID;

-- Ranges that were read once more, and what they healed.
CREATE TABLE sweep (
	id INTEGER PRIMARY KEY,
	factory_id INTEGER NOT NULL,
	kind TEXT NOT NULL,          -- hour, day or asked
	from_t INTEGER NOT NULL, to_t INTEGER NOT NULL,
	began INTEGER NOT NULL, ended INTEGER NOT NULL,
	rows_read INTEGER NOT NULL,
	missed INTEGER NOT NULL,     -- runs that were not here
	outdated INTEGER NOT NULL,   -- runs that were here in an older version
	whole INTEGER NOT NULL       -- 1: every row of the range was read; 0: samples, and what did not succeed
) STRICT;
CREATE INDEX sweep_factory ON sweep (factory_id, ended);

ALTER TABLE factory ADD COLUMN fill TEXT; -- how the first reading of history goes on, as JSON

-- How stale a factory got before each poll: the worst of each quarter of an hour (slot: Azure's time in units of 15 min).
CREATE TABLE lag (
	factory_id INTEGER NOT NULL, slot INTEGER NOT NULL, worst_ms INTEGER NOT NULL, PRIMARY KEY (factory_id, slot)
) STRICT, WITHOUT ROWID;
