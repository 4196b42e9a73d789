package rp_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/store"
)

// keptSecret is the secret of an account's codes as the store has it.
func (l *lab) keptSecret(userID string) (kept string) {
	l.t.Helper()
	must(0, l.store.Read(l.ctx, func(q store.Querier) error {
		return q.QueryRow("SELECT totp_secret FROM users WHERE id = ?", userID).Scan(&kept)
	}))
	return kept
}

// reopened is the same store under another key.
func (l *lab) reopened(key []byte) *rp.RelyingParty {
	l.t.Helper()
	return must(rp.New(rp.Config{Origin: testOrigin, Organisation: "x", App: "y", Store: l.store, Clock: l.clock, Rand: bytes.NewReader(make([]byte, 4096)), SecretKey: key}))
}

// OWASP ASVS 5.0.0 §13.3.1.
func TestSecretsOfCodesAreSealed(t *testing.T) {
	key := bytes.Repeat([]byte{7}, rp.SecretKeyLength)
	l := newLab(t, func(c *rp.Config) { c.SecretKey = key })
	p, sam := l.signedIn("mia"), l.signedIn("sam") // with a code, so it was opened
	kept := l.keptSecret(p.user.ID)
	if !strings.HasPrefix(kept, "sealed1:") || strings.Contains(kept, p.secret) || kept == l.keptSecret(sam.user.ID) {
		t.Errorf("the store has %q", kept)
	}
	sign := func(party *rp.RelyingParty, userName, secret string) error {
		l.clock.add(time.Minute)
		_, err := party.SignInWithPassword(l.ctx, rp.PasswordSignIn{UserName: userName, Password: testPassword, Code: must(rp.OneTimeCode(secret, l.clock.Now()))})
		return err
	}
	for name, wrong := range map[string][]byte{"no key": nil, "another key": bytes.Repeat([]byte{8}, rp.SecretKeyLength)} {
		if err := sign(l.reopened(wrong), "mia", p.secret); err == nil || rp.AsRefusal(err) != nil || !strings.Contains(err.Error(), "Config.SecretKey") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := sign(l.reopened(key), "mia", p.secret); err != nil {
		t.Errorf("the right key: %v", err)
	}
	must(0, l.store.Write(l.ctx, func(tx *store.Tx) error { // mia's secret in sam's row
		return tx.ExecOne("UPDATE users SET totp_secret = ? WHERE id = ?", kept, sam.user.ID)
	}))
	if err := sign(l.RelyingParty, "sam", p.secret); err == nil || rp.AsRefusal(err) != nil {
		t.Errorf("another account's secret: %v", err)
	}
	if _, err := rp.New(rp.Config{Origin: testOrigin, Organisation: "x", App: "y", Store: l.store, Clock: l.clock, Rand: strings.NewReader(""), SecretKey: []byte("short")}); err == nil || !strings.Contains(err.Error(), "Config.SecretKey has 5 bytes, want 32") {
		t.Errorf("a short key: %v", err)
	}
}

func TestSecretsFromBeforeThereWasAKeyAreSealed(t *testing.T) {
	l := newLab(t)
	p := l.signedIn("mia")
	if kept := l.keptSecret(p.user.ID); kept != p.secret {
		t.Fatalf("without a key the store has %q", kept)
	}
	if n := must(l.SealSecrets(l.ctx)); n != 0 {
		t.Errorf("sealed %d without a key", n)
	}
	sealing := l.reopened(bytes.Repeat([]byte{7}, rp.SecretKeyLength))
	if n := must(sealing.SealSecrets(l.ctx)); n != 1 || l.keptSecret(p.user.ID) == p.secret {
		t.Errorf("sealed %d", n)
	}
	if n := must(sealing.SealSecrets(l.ctx)); n != 0 {
		t.Errorf("sealed %d twice", n)
	}
	l.clock.add(time.Minute)
	must(sealing.ProveWithCode(l.ctx, p.session.ID, must(rp.OneTimeCode(p.secret, l.clock.Now()))))
}
