-- +goose Up
-- What a derivation has to know to leave nothing out: how often it was noted that runs have come since a pipeline's
-- classes were decided (0: none), and how often it was asked to begin again, also while it ran.
ALTER TABLE pipeline ADD COLUMN grown INTEGER NOT NULL DEFAULT 1;
ALTER TABLE pipeline ADD COLUMN asked_again INTEGER NOT NULL DEFAULT 0;

-- Earlier versions imported values that definitions declare as SecureString. Each factory is looked through once more.
DELETE FROM surroundings WHERE kind = 'secureParameters';
