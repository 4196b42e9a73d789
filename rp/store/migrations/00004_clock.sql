-- +goose Up
-- The latest instant that any process has seen: processes that share this file share one clock.
CREATE TABLE clock (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    latest INTEGER NOT NULL
) STRICT;
INSERT INTO clock (id, latest) VALUES (1, 0);

-- +goose Down
DROP TABLE clock;
