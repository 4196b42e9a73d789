package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// keptPhone is a phone whose things are in a folder.
func keptPhone(t *testing.T, dir string) (*phone.Phone, *belongings) {
	t.Helper()
	own, err := openBelongings(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Android(), phone.World{
		Clock: wallClock{}, Rand: rand.Reader,
		Keys:  func(string) (keystore.KeyStore, error) { return own.keys, nil },
		Store: func(provider string) (virtualauth.Store, error) { return own.vault(provider) },
	})
	if err != nil {
		t.Fatal(errors.Join(err, own.close()))
	}
	return p, own
}

func TestPasskeysOutliveThePhonesProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	p, own := keptPhone(t, dir)
	yes := true
	person := phone.Person{}
	create := &ctap2.MakeCredentialRequest{
		ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: "larkspur.example", Name: "Larkspur"},
		User:       ctap2.User{ID: []byte("ada"), Name: "ada", DisplayName: "Ada"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: &yes, UserVerification: &yes},
	}
	if err := person.With(t.Context(), p, func(ctx context.Context) error {
		_, err := ctap2.MakeCredential(ctx, p.SameDevice(), create)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := own.vault("Google Password Manager"); err == nil || !strings.Contains(err.Error(), "another passkeylab phone has the folder") {
		t.Errorf("two phones may have one folder: %v", err)
	}
	if err := own.close(); err != nil {
		t.Fatal(err)
	}
	p, own = keptPhone(t, dir)
	defer own.close()
	if held := p.Passkeys(); len(held) != 1 || held[0].RPID != "larkspur.example" {
		t.Fatalf("after a restart it holds %+v", held)
	}
	if err := person.With(t.Context(), p, func(ctx context.Context) error {
		_, err := ctap2.GetAssertion(ctx, p.SameDevice(), &ctap2.GetAssertionRequest{
			RPID: "larkspur.example", ClientDataHash: make([]byte, 32), Options: &ctap2.Options{UserVerification: &yes},
		})
		return err
	}); err != nil {
		t.Errorf("its key does not sign any more: %v", err)
	}
}

func TestASecretIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	first, err := secretIn(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := secretIn(path)
	if err != nil || string(first) != string(again) || len(first) != secretLength {
		t.Errorf("%x, then %x (%v)", first, again, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestWordsForAShell(t *testing.T) {
	for word, want := range map[string]string{
		"a=b": "a=b", "a=": "a=''", "a=b c": "a='b c'", "a=it's": `a='it'\''s'`, "a=$HOME": "a='$HOME'", "a=/x,y": "a='/x,y'", "a=b=": "a=b=",
	} {
		if got := assigned(word); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
}

func TestSentencesAboutCeremonies(t *testing.T) {
	for want, o := range map[string]phone.Outcome{
		"A passkey for x.example was saved in Bitwarden.":                                       {RPID: "x.example", SavedIn: "Bitwarden", Sent: true},
		"A passkey for x.example was saved in Bitwarden, and the computer never learned of it.": {RPID: "x.example", SavedIn: "Bitwarden"},
		"Signed in to x.example with a passkey in Bitwarden.":                                   {RPID: "x.example", SignedInWith: "Bitwarden"},
		"x.example was refused at P11: CTAP2 status OPERATION_DENIED (0x27).":                   {RPID: "x.example", Answered: true, Status: ctap2.OperationDenied, State: phone.P11},
		"Nothing came of it at P5: phone: the user declined.":                                   {Err: phone.ErrDeclined, State: phone.P5},
		"Nothing came of it at P9.":                                                             {State: phone.P9},
	} {
		if got := sentence(o); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
