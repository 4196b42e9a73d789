package rp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp/totp"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/passkeylab/passkeylab/rp/store"
)

// The limits of what is typed at sign-up. A password is counted in bytes at the top end, because hashing costs by
// the byte, and in characters at the low end, because people count those.
const (
	MaxUserName      = 64
	MaxAccountName   = 64
	MinPassword      = 8
	maxPassword      = 1024
	userHandleLength = 32
	totpSecretLength = 20
)

// foldName makes the key under which a user name is unique: same letters in another case or composition are the
// same name.
func foldName(name string) string {
	return cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name)))
}

// checkUserName returns the name as it is kept, or what is wrong with it.
func checkUserName(name string) (string, error) {
	name = norm.NFC.String(strings.TrimSpace(name))
	switch {
	case name == "":
		return "", &FieldError{Field: "userName", Problem: ProblemEmpty}
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsSpace) || hasForbidden(name):
		return "", &FieldError{Field: "userName", Problem: ProblemForbidden}
	case utf8.RuneCountInString(name) > MaxUserName:
		return "", &FieldError{Field: "userName", Problem: ProblemTooLong, Max: MaxUserName}
	}
	return name, nil
}

// checkNames returns the registration with its names as they are kept, or what is wrong with them.
func checkNames(reg Registration) (Registration, error) {
	var nameErr, displayErr error
	reg.UserName, nameErr = checkUserName(reg.UserName)
	if reg.DisplayName = norm.NFC.String(strings.TrimSpace(reg.DisplayName)); reg.DisplayName == "" {
		reg.DisplayName = reg.UserName
	}
	switch {
	case !utf8.ValidString(reg.DisplayName) || hasForbidden(reg.DisplayName):
		displayErr = &FieldError{Field: "displayName", Problem: ProblemForbidden}
	case utf8.RuneCountInString(reg.DisplayName) > maxNameRunes || visibleLength(reg.DisplayName) > MaxAccountName:
		displayErr = &FieldError{Field: "displayName", Problem: ProblemTooLong, Max: MaxAccountName}
	}
	return reg, errors.Join(nameErr, displayErr)
}

// SignUp makes an account. Bad input gives FieldErrors; a name that is taken gives ProblemDuplicate.
func (rp *RelyingParty) SignUp(ctx context.Context, reg Registration) (*Enrolment, error) {
	return rp.signUp(ctx, reg, false)
}

func (rp *RelyingParty) signUp(ctx context.Context, reg Registration, demo bool) (*Enrolment, error) {
	reg, nameErr := checkNames(reg)
	if err := errors.Join(nameErr, rp.checkNewPassword("password", reg.Password, reg.UserName, reg.DisplayName)); err != nil {
		return nil, fmt.Errorf("rp: sign up: %w", err)
	}
	a, url, err := rp.newAccount(reg)
	if err != nil {
		return nil, fmt.Errorf("rp: sign up: %w", err)
	}
	a.Demo = demo
	kept := a
	if kept.totpSecret, err = rp.seal(a.ID, a.totpSecret); err != nil {
		return nil, fmt.Errorf("rp: sign up: %w", err)
	}
	err = rp.write(ctx, "sign up", func(tx *store.Tx) error {
		if err := insertAccount(tx, kept); err != nil {
			return err
		}
		return rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Action: ActionSignUp, Target: a.UserName})
	})
	if errors.Is(err, store.ErrConflict) {
		return nil, fmt.Errorf("rp: sign up: %w", &FieldError{Field: "userName", Problem: ProblemDuplicate})
	}
	if err != nil {
		return nil, err
	}
	return &Enrolment{User: &a.User, TOTPSecret: a.totpSecret, TOTPURL: url}, nil
}

// newAccount hashes and draws what an account needs, outside any transaction: hashing is slow on purpose.
func (rp *RelyingParty) newAccount(reg Registration) (a account, url string, err error) {
	if a.ID, err = rp.rand.id(); err != nil {
		return a, "", err
	}
	if a.Handle, err = rp.rand.bytes(userHandleLength); err != nil {
		return a, "", err
	}
	if a.password, err = argon2id.CreateHash(reg.Password, rp.hashing); err != nil {
		return a, "", fmt.Errorf("hash: %w", err)
	}
	opts := totp.GenerateOpts{Issuer: rp.organisation, AccountName: reg.UserName, Rand: rp.rand, SecretSize: totpSecretLength}
	if reg.TOTPSecret != "" {
		if opts.Secret, err = decodeSecret(reg.TOTPSecret); err != nil {
			return a, "", err
		}
	}
	key, err := totp.Generate(opts)
	if err != nil {
		return a, "", fmt.Errorf("one-time code secret: %w", err)
	}
	a.UserName, a.DisplayName, a.totpSecret, a.CreatedAt = reg.UserName, reg.DisplayName, key.Secret(), rp.Now()
	a.HasPassword, a.HasCode = true, true
	return a, key.URL(), nil
}

func insertAccount(tx *store.Tx, a account) error {
	_, err := tx.Exec(`INSERT INTO users (id, handle, user_name, user_key, display_name, password, totp_secret, demo, created_at) VALUES (?,?,?,?,?,?,?,?,?)`,
		a.ID, a.Handle, a.UserName, foldName(a.UserName), a.DisplayName, a.password, a.totpSecret, a.Demo, store.Nanos(a.CreatedAt))
	return err
}

// User returns an account by its id, ErrNotFound if there is none.
func (rp *RelyingParty) User(ctx context.Context, userID string) (*User, error) {
	var a account
	err := rp.read(ctx, "user", func(q store.Querier) (err error) {
		a, err = accountByID(q, userID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &a.User, nil
}

// UserByName returns an account by its user name, without regard to case; ErrNotFound if there is none.
func (rp *RelyingParty) UserByName(ctx context.Context, userName string) (*User, error) {
	var a account
	err := rp.read(ctx, "user by name", func(q store.Querier) (err error) {
		a, err = accountByName(q, userName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &a.User, nil
}

// RenameAccount changes the sign-in name. Passkeys made before keep showing the old one on the person's devices
// (Card.OldAccountName).
func (rp *RelyingParty) RenameAccount(ctx context.Context, userID, userName string) error {
	name, err := checkUserName(userName)
	if err != nil {
		return fmt.Errorf("rp: rename account: %w", err)
	}
	err = rp.write(ctx, "rename account", func(tx *store.Tx) error {
		return tx.ExecOne("UPDATE users SET user_name = ?, user_key = ? WHERE id = ?", name, foldName(name), userID)
	})
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("rp: rename account: %w", &FieldError{Field: "userName", Problem: ProblemDuplicate})
	}
	return err
}

// RemovePassword makes the session's account passwordless. It needs a fresh proof and a passkey to sign in with:
// without one it is refused with CodeLastMethod.
func (rp *RelyingParty) RemovePassword(ctx context.Context, sessionID string) error {
	return rp.write(ctx, "remove password", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		if !rp.Freshness(s, ToChange).Fresh {
			return refuse(CodeProofStale, nil)
		}
		list, err := credentialsOf(tx, s.UserID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return refuse(CodeLastMethod, nil)
		}
		return tx.ExecOne("UPDATE users SET password = '', totp_secret = '' WHERE id = ?", s.UserID)
	})
}

// demoAccounts are public on purpose: whoever runs the reference site must be able to sign in.
var demoAccounts = [...]DemoAccount{
	{"mia", "Mia Larsen", "mia-likes-larks", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"},
	{"ada", "Ada Okafor", "ada-likes-larks", "NBSWY3DPEB3W64TMMQQHG5DVMZTC4LRO"},
	{"noor", "Noor Haddad", "noor-likes-larks", "ORSXG5BAMZXXEIDON5XXEIDBNZSCA3DB"},
	{"sam", "Sam Whitlock", "sam-likes-larks", "OJVXG4DVOJ2HEZLFEBTWC4TEMVXCAYLU"},
}

// DemoAccounts returns the demo accounts with their public secrets.
func DemoAccounts() []DemoAccount { return append([]DemoAccount(nil), demoAccounts[:]...) }

// SeedDemo makes the demo accounts that do not exist yet. Their secrets are public: serve them on loopback only.
func (rp *RelyingParty) SeedDemo(ctx context.Context) error {
	for _, demo := range demoAccounts {
		if _, err := rp.UserByName(ctx, demo.UserName); err == nil {
			continue
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		if _, err := rp.signUp(ctx, Registration(demo), true); err != nil {
			return fmt.Errorf("rp: seed demo account %s: %w", demo.UserName, err)
		}
	}
	return nil
}

// DemoCode returns the one-time code that a demo account can use now; see FreshCode.
func (rp *RelyingParty) DemoCode(ctx context.Context, userName string) (string, error) {
	for _, demo := range demoAccounts {
		if foldName(userName) == demo.UserName {
			user, err := rp.UserByName(ctx, userName)
			if err != nil {
				return "", err
			}
			return rp.FreshCode(ctx, user.ID, demo.TOTPSecret)
		}
	}
	return "", ErrNotFound
}
