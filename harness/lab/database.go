package lab

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // the driver that package rp/store opens the same file with
)

// What an operator, or bad luck, can do to the relying party's database behind
// its back. The relying party has no code for these: they come from outside.

// FailCredentialLists makes every look at the list of passkeys fail, as a
// damaged table would, or mends it again.
func (s *Stage) FailCredentialLists(ctx context.Context, fail bool) error {
	statement := `ALTER TABLE credentials RENAME TO credentials_away`
	if !fail {
		statement = `ALTER TABLE credentials_away RENAME TO credentials`
	}
	return s.meddle(ctx, statement)
}

// FailNames makes every change of a passkey's name fail, as a full disk would, or lets names be changed again.
func (s *Stage) FailNames(ctx context.Context, fail bool) error {
	statement := `CREATE TRIGGER names_fail BEFORE UPDATE OF name ON credentials BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`
	if !fail {
		statement = `DROP TRIGGER names_fail`
	}
	return s.meddle(ctx, statement)
}

// KeepOnlyPasskeys takes password and one-time code from the account, as an
// operator of a passwordless organisation would.
func (s *Stage) KeepOnlyPasskeys(ctx context.Context) error {
	return s.meddle(ctx, `UPDATE users SET password = '', totp_secret = '' WHERE id = ?`, s.Account.ID)
}

func (s *Stage) meddle(ctx context.Context, statement string, args ...any) (err error) {
	db, err := sql.Open("sqlite", "file:"+s.database+"?_pragma=busy_timeout(5000)&_pragma=legacy_alter_table(1)")
	if err != nil {
		return fmt.Errorf("lab: reach the database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("lab: change the database: %w", err)
	}
	return nil
}
