-- +goose Up
-- A ceremony is found by its challenge, and only those that belong to a run, a session or a person by that: sign-ins, which
-- are most of them, belong to none while they are open. Each index that a row is not in is one page less to write for it.
CREATE TABLE ceremonies_by_challenge (
    id                TEXT NOT NULL,
    kind              TEXT NOT NULL,
    run_id            TEXT NOT NULL,
    session_id        TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    binding           TEXT NOT NULL, -- SHA-256 of the browser's binding, '' for none
    challenge_hash    BLOB NOT NULL UNIQUE,
    options_digest    TEXT NOT NULL,
    state             TEXT NOT NULL, -- JSON: what verification needs of the options
    exclude_ids       TEXT NOT NULL,
    issued_at         INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    consumed_at       INTEGER NOT NULL DEFAULT 0,
    response_digest   BLOB,          -- SHA-256 of the body that used the challenge
    server_code       TEXT NOT NULL DEFAULT '',
    refusal           TEXT NOT NULL DEFAULT '',
    result_id         BLOB,
    client_error      TEXT NOT NULL DEFAULT '',
    client_error_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO ceremonies_by_challenge SELECT * FROM ceremonies ORDER BY rowid;
DROP TABLE ceremonies;
ALTER TABLE ceremonies_by_challenge RENAME TO ceremonies;
CREATE INDEX ceremonies_by_run ON ceremonies (run_id, issued_at) WHERE run_id <> '';
CREATE INDEX ceremonies_by_session ON ceremonies (session_id) WHERE session_id <> '';
CREATE INDEX ceremonies_by_user ON ceremonies (user_id, issued_at) WHERE user_id <> '';

-- What is kept for cookies has another form now: people sign in again.
DELETE FROM http_sessions;

-- +goose Down
DELETE FROM http_sessions;
CREATE TABLE ceremonies_by_id (
    id                TEXT PRIMARY KEY,
    kind              TEXT NOT NULL,
    run_id            TEXT NOT NULL,
    session_id        TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    binding           TEXT NOT NULL,
    challenge_hash    BLOB NOT NULL UNIQUE,
    options_digest    TEXT NOT NULL,
    state             TEXT NOT NULL,
    exclude_ids       TEXT NOT NULL,
    issued_at         INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    consumed_at       INTEGER NOT NULL DEFAULT 0,
    response_digest   BLOB,
    server_code       TEXT NOT NULL DEFAULT '',
    refusal           TEXT NOT NULL DEFAULT '',
    result_id         BLOB,
    client_error      TEXT NOT NULL DEFAULT '',
    client_error_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO ceremonies_by_id SELECT * FROM ceremonies ORDER BY rowid;
DROP TABLE ceremonies;
ALTER TABLE ceremonies_by_id RENAME TO ceremonies;
CREATE INDEX ceremonies_by_run ON ceremonies (run_id, issued_at);
CREATE INDEX ceremonies_by_user ON ceremonies (user_id, issued_at);
