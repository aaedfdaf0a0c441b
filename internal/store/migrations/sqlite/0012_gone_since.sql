-- +goose Up
-- Since when Azure no longer lists a factory; NULL while it does, and for those that were gone before this version.
ALTER TABLE factory ADD COLUMN gone_at INTEGER;
