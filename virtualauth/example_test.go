package virtualauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

// wallClock is a Clock that goes.
type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// Ada registers a passkey and signs in with it, without a browser. A relying party would check more than the signature.
func Example() {
	ctx, hash := context.Background(), sha256.Sum256([]byte(`{"type":"webauthn.create", …}`))
	key := virtualauth.New(virtualauth.Model{}, virtualauth.World{Clock: wallClock{}, Rand: rand.Reader})

	made, err := ctap2.MakeCredential(ctx, key, &ctap2.MakeCredentialRequest{
		ClientDataHash: hash[:], RP: ctap2.RelyingParty{ID: "login.example"}, User: ctap2.User{ID: []byte{1}, Name: "ada"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	})
	if err != nil {
		log.Fatal(err)
	}
	registered, err := authdata.Parse(made.AuthData)
	if err != nil {
		log.Fatal(err)
	}
	public, _ := registered.Credential.Key()

	signed, err := ctap2.GetAssertion(ctx, key, &ctap2.GetAssertionRequest{RPID: "login.example", ClientDataHash: hash[:]})
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.Sum256(append(signed.AuthData, hash[:]...))
	fmt.Println(string(signed.User.ID) == "\x01", ecdsa.VerifyASN1(public.Public().(*ecdsa.PublicKey), digest[:], signed.Signature))
	// Output: true true
}

// A passkey survives a restart. Its private key is in its handle, encrypted under a secret of the sealed store, as it would be under
// one of a TPM; the handle is in the file with everything else.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "passkeys")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	secret := sha256.Sum256([]byte("keep this one as you keep the passphrase"))
	for life := range 2 {
		file, err := vaultfile.Open(vaultfile.Options{
			Path: filepath.Join(folder, "vault"), Passphrase: "correct horse battery staple", Rand: rand.Reader,
		})
		if err != nil {
			log.Fatal(err)
		}
		keys := keystore.NewSealed(rand.Reader, secret)
		world := virtualauth.World{Clock: wallClock{}, Rand: rand.Reader, Keys: keys, Store: file}
		key, err := virtualauth.Open(context.Background(), virtualauth.Model{}, world)
		if err != nil {
			log.Fatal(err)
		}
		if life == 0 {
			_, err = ctap2.MakeCredential(context.Background(), key, registration("ada"))
		}
		fmt.Println(key.Credentials()[0].UserName, err, file.Close())
	}
	// Output:
	// ada <nil> <nil>
	// ada <nil> <nil>
}
