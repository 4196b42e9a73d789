-- +goose Up
-- What the policy asks about people: their groups (a JSON list), whether another organisation is their home, and how they
-- answered the campaign that asks for a passkey.
ALTER TABLE users ADD COLUMN member_of TEXT NOT NULL DEFAULT '[]';
ALTER TABLE users ADD COLUMN guest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN snoozes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN next_prompt_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN snoozed_session TEXT NOT NULL DEFAULT '';

-- The model of the passkey that proved presence, NULL for another method.
ALTER TABLE sessions ADD COLUMN proof_aaguid BLOB;

-- SHA-256 of the certificates of the attestation statement, in hexadecimal, the leaf first (a JSON list).
ALTER TABLE credentials ADD COLUMN attestation_certificates TEXT NOT NULL DEFAULT '[]';

-- Bootstrap passes: one a user.
CREATE TABLE passes (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id          TEXT NOT NULL UNIQUE,
    hash        TEXT NOT NULL, -- argon2id in PHC form
    created_at  INTEGER NOT NULL,
    starts_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    usable_once INTEGER NOT NULL,
    used_at     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- +goose Down
DROP TABLE passes;
ALTER TABLE credentials DROP COLUMN attestation_certificates;
ALTER TABLE sessions DROP COLUMN proof_aaguid;
ALTER TABLE users DROP COLUMN snoozed_session;
ALTER TABLE users DROP COLUMN next_prompt_at;
ALTER TABLE users DROP COLUMN snoozes;
ALTER TABLE users DROP COLUMN guest;
ALTER TABLE users DROP COLUMN member_of;
