-- +goose Up
-- The language that a person chose, as a BCP 47 tag; '' while nothing was chosen.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE users DROP COLUMN language;
