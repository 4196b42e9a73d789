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
	codeSkew  = 1 // steps accepted on either side of the present one
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

// FreshCode returns a code made from secret that the account can use now: the present step's, or the next one's
// when the present one was used already. When both were, it returns a *Refusal with CodeCodeUsed whose RetryAt
// is when the next code becomes usable.
func (rp *RelyingParty) FreshCode(ctx context.Context, userID, secret string) (string, error) {
	var a account
	err := rp.read(ctx, "fresh code", func(q store.Querier) (err error) {
		a, err = accountByID(q, userID)
		return err
	})
	if err != nil {
		return "", err
	}
	present := stepAt(rp.clock.raw())
	step := max(present, a.totpStep+1)
	if step > present+codeSkew {
		refusal := refuse(CodeCodeUsed, nil)
		refusal.RetryAt = time.Unix((step-codeSkew)*int64(codeStep.Seconds()), 0).UTC()
		return "", refusal
	}
	code, err := codeOfStep(secret, step)
	if err != nil {
		return "", fmt.Errorf("rp: fresh code: %w", err)
	}
	return code, nil
}

// codeResult is what checking a one-time code found.
type codeResult int

const (
	codeWrong codeResult = iota
	codeRight
	codeUsed
)

// matchCode compares a typed code with the steps around now. A step at or before the latest accepted one is
// used: RFC 6238 §5.2 forbids a second acceptance. It looks at every step whatever it finds, so that time tells
// nothing.
func matchCode(a account, typed string, now time.Time) (codeResult, int64) {
	typed = strings.Join(strings.Fields(typed), "")
	result, matched := codeWrong, int64(0)
	for step := stepAt(now) - codeSkew; step <= stepAt(now)+codeSkew; step++ {
		code, err := codeOfStep(a.totpSecret, step)
		if err != nil || subtle.ConstantTimeCompare([]byte(code), []byte(typed)) != 1 {
			continue
		}
		if step > a.totpStep {
			if result != codeRight {
				result, matched = codeRight, step
			}
		} else if result == codeWrong {
			result = codeUsed
		}
	}
	if a.totpSecret == "" {
		return codeWrong, 0
	}
	return result, matched
}

// useCode records the step of an accepted code.
func useCode(tx *store.Tx, userID string, step int64) error {
	return tx.ExecOne("UPDATE users SET totp_step = ? WHERE id = ? AND totp_step < ?", step, userID, step)
}
