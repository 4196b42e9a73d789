-- +goose Up
-- All instants are nanoseconds since 1970 in UTC by the relying party's clock; 0 means "never".

CREATE TABLE users (
    id           TEXT PRIMARY KEY,
    handle       BLOB NOT NULL UNIQUE CHECK (length(handle) BETWEEN 1 AND 64),
    user_name    TEXT NOT NULL,
    user_key     TEXT NOT NULL UNIQUE, -- user_name folded, so that names differ by more than case
    display_name TEXT NOT NULL,
    password     TEXT NOT NULL,        -- argon2id in PHC form, '' for none
    totp_secret  TEXT NOT NULL,        -- base32, '' for none
    totp_step    INTEGER NOT NULL DEFAULT 0, -- the latest 30 s step whose code was accepted
    demo         INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL
) STRICT;

-- One row a thing that can be guessed at: 'password:<user key>', 'code:<user id>'.
CREATE TABLE locks (
    subject      TEXT PRIMARY KEY,
    failures     INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at    INTEGER NOT NULL,
    methods       TEXT NOT NULL,
    proof_at      INTEGER NOT NULL,
    proof_method  TEXT NOT NULL,
    credential_id BLOB,
    seen_at       INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL DEFAULT 0,
    client_family TEXT NOT NULL,
    ip_prefix     TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE credentials (
    id                 BLOB PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 1023),
    user_id            TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_handle        BLOB NOT NULL,
    public_key         BLOB NOT NULL,
    algorithm          INTEGER NOT NULL,
    sign_count         INTEGER NOT NULL,
    aaguid             BLOB NOT NULL CHECK (length(aaguid) = 16),
    attestation_format TEXT NOT NULL,
    attested           INTEGER NOT NULL,
    backup_eligible    INTEGER NOT NULL,
    backup_state       INTEGER NOT NULL,
    uv_initialized     INTEGER NOT NULL,
    transports         TEXT NOT NULL,
    attachment         TEXT NOT NULL,
    name               TEXT NOT NULL,
    named_by_user      INTEGER NOT NULL,
    account_name       TEXT NOT NULL,
    created_at         INTEGER NOT NULL,
    last_used_at       INTEGER NOT NULL,
    last_used_client   TEXT NOT NULL,
    replaced_hint      INTEGER NOT NULL,
    CHECK (backup_eligible = 1 OR backup_state = 0),
    UNIQUE (user_id, name)
) STRICT;

CREATE TABLE runs (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id    TEXT NOT NULL,
    flow          TEXT NOT NULL,
    phone_os      TEXT NOT NULL,
    key_transport TEXT NOT NULL,
    screen        TEXT NOT NULL,
    furthest      TEXT NOT NULL,
    after         TEXT NOT NULL,
    attempt       INTEGER NOT NULL,
    refusals      INTEGER NOT NULL,
    problem       TEXT NOT NULL, -- JSON of the refusal, '' for none
    last_provider TEXT NOT NULL,
    interrupted   INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    superseded_by TEXT NOT NULL,
    closed_at     INTEGER NOT NULL,
    result_id     BLOB,
    policy_digest TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_user ON runs (user_id, started_at);
CREATE INDEX runs_by_session ON runs (session_id);

CREATE TABLE ceremonies (
    id                TEXT PRIMARY KEY,
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
CREATE INDEX ceremonies_by_run ON ceremonies (run_id, issued_at);
CREATE INDEX ceremonies_by_user ON ceremonies (user_id, issued_at);

CREATE TABLE refused_tries (
    id                 INTEGER PRIMARY KEY,
    credential_id_hash BLOB NOT NULL,
    user_id            TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    run_id             TEXT NOT NULL,
    aaguid             BLOB NOT NULL,
    reason             TEXT NOT NULL,
    scope              TEXT NOT NULL,
    at                 INTEGER NOT NULL,
    dismissed          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX refused_tries_by_hash ON refused_tries (credential_id_hash);
CREATE INDEX refused_tries_by_user ON refused_tries (user_id, at);

CREATE TABLE audit_events (
    id         INTEGER PRIMARY KEY,
    user_id    TEXT NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    target     TEXT NOT NULL,
    code       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    request_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_by_user ON audit_events (user_id, id);

CREATE TABLE notices (
    id      INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_by_user ON notices (user_id, id);

CREATE TABLE http_sessions (
    token  TEXT PRIMARY KEY,
    data   BLOB NOT NULL,
    expiry INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE http_sessions;
DROP TABLE notices;
DROP TABLE audit_events;
DROP TABLE refused_tries;
DROP TABLE ceremonies;
DROP TABLE runs;
DROP TABLE credentials;
DROP TABLE sessions;
DROP TABLE locks;
DROP TABLE users;
