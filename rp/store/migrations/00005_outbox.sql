-- +goose Up
-- The language that a notice was sent in, as a BCP 47 tag; '' for the organisation's own.
ALTER TABLE notices ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE notices DROP COLUMN language;
