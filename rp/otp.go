package rp

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/passkeylab/passkeylab/rp/store"
)

// One-time codes are RFC 6238 with its defaults: SHA-1, six digits, steps of 30 seconds.
const (
	codeStep  = 30 * time.Second
	minSecret = 10
)

// decodeSecret reads a base32 secret as people copy it: spaces, lower case and padding do not matter.
func decodeSecret(text string) ([]byte, error) {
	clean := strings.ToUpper(strings.TrimRight(strings.Join(strings.Fields(text), ""), "="))
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(clean)
	if err != nil || len(secret) < minSecret {
		return nil, &FieldError{Field: "totpSecret", Problem: ProblemInvalid}
	}
	return secret, nil
}

func stepAt(t time.Time) int64 { return t.Unix() / int64(codeStep.Seconds()) }

func codeOfStep(secret string, step int64) (string, error) {
	return totp.GenerateCode(secret, time.Unix(step*int64(codeStep.Seconds()), 0))
}

// OneTimeCode returns what an authenticator app shows for the base32 secret at an instant.
func OneTimeCode(secret string, at time.Time) (string, error) {
	code, err := codeOfStep(secret, stepAt(at))
	if err != nil {
		return "", fmt.Errorf("rp: one-time code: %w", err)
	}
	return code, nil
}

// FreshCode returns a code made from secret that the account can use now: that of the present step. When it was used already,
// it returns a *Refusal with CodeCodeUsed whose RetryAt is when the next one begins.
func (rp *RelyingParty) FreshCode(ctx context.Context, userID, secret string) (string, error) {
	var a account
	err := rp.read(ctx, "fresh code", func(q store.Querier) (err error) {
		a, err = accountByID(q, userID)
		return err
	})
	if err != nil {
		return "", err
	}
	now := rp.clock.raw()
	if stepAt(now) <= a.totpStep {
		refusal := refuse(CodeCodeUsed, nil)
		refusal.RetryAt = time.Unix((a.totpStep+1)*int64(codeStep.Seconds()), 0).UTC()
		return "", refusal
	}
	return OneTimeCode(secret, now)
}

// codeResult is what checking a one-time code found.
type codeResult int

const (
	codeWrong codeResult = iota
	codeRight
	codeUsed // or over
)

// checkCode is matchCode of what the store keeps.
func (rp *RelyingParty) checkCode(a account, typed string) (result codeResult, step int64, err error) {
	if a.totpSecret, err = rp.unseal(a); err != nil {
		return codeWrong, 0, err
	}
	result, step = matchCode(a, typed, rp.clock.raw())
	return result, step, nil
}

// matchCode compares a typed code with that of the present step, and accepts no other: RFC 6238 §5.2 leaves room for a clock
// that is wrong, but a code that lives longer than it is shown can be used by who looked over a shoulder (OWASP ASVS 5.0.0
// §6.5.5). A step at or before the latest accepted one is used, and the one before the present is over, which is the same to
// who typed it: the next code will do. It looks at both steps whatever it finds, so that time tells nothing.
func matchCode(a account, typed string, now time.Time) (codeResult, int64) {
	typed = strings.Join(strings.Fields(typed), "")
	present := stepAt(now)
	result := codeWrong
	for _, step := range [...]int64{present - 1, present} {
		code, err := codeOfStep(a.totpSecret, step)
		if err != nil || a.totpSecret == "" || subtle.ConstantTimeCompare([]byte(code), []byte(typed)) != 1 {
			continue
		}
		if result = codeUsed; step == present && step > a.totpStep {
			result = codeRight
		}
	}
	return result, present
}

// useCode records the step of an accepted code.
func useCode(tx *store.Tx, userID string, step int64) error {
	return tx.ExecOne("UPDATE users SET totp_step = ? WHERE id = ? AND totp_step < ?", step, userID, step)
}
