package virtualauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// These benchmarks go through everything that a client goes through: structs to CTAP2 canonical CBOR, Exchange, and back. The
// module in deploy/bench holds the same work against another authenticator.

type fixedClock struct{}

func (fixedClock) Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// benchmarked is an authenticator with packed self attestation and a number of credentials of other relying parties, a
// thousand of them each.
func benchmarked(tb testing.TB, others int) *Authenticator {
	tb.Helper()
	return populated(tb, Model{Attestation: attestation.FormatPacked}, others, 1_000)
}

// populated has some other credentials of each other relying party.
func populated(tb testing.TB, model Model, others, each int) *Authenticator {
	tb.Helper()
	a := New(model, World{Clock: fixedClock{}, Rand: rand.NewChaCha8([32]byte{1})})
	handle, key, err := a.world.Keys.Create(tb.Context(), cose.ES256)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range others {
		id := binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i))
		a.vault.add(&record{handle: handle, Credential: Credential{
			ID: id, RPID: fmt.Sprintf("site%d.example", i/each), UserHandle: id, Discoverable: true, Algorithm: cose.ES256,
			PublicKey: key.Encode(),
		}})
	}
	return a
}

var benchHash = sha256.Sum256([]byte("client data"))

func creationRequest(user uint64) *ctap2.MakeCredentialRequest {
	return &ctap2.MakeCredentialRequest{
		ClientDataHash: benchHash[:], RP: ctap2.RelyingParty{ID: "login.example", Name: "Login"},
		User:       ctap2.User{ID: binary.BigEndian.AppendUint64(nil, user), Name: "ada@login.example", DisplayName: "Ada Lovelace"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}, {Algorithm: cose.RS256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	}
}

func assertionRequest(ids ...[]byte) *ctap2.GetAssertionRequest {
	r := &ctap2.GetAssertionRequest{
		RPID: "login.example", ClientDataHash: benchHash[:], Options: &ctap2.Options{UserVerification: new(true)},
	}
	for _, id := range ids {
		r.AllowList = append(r.AllowList, ctap2.Descriptor{ID: id, Type: ctap2.PublicKey})
	}
	return r
}

func createOne(tb testing.TB, a *Authenticator, user uint64) {
	if _, err := ctap2.MakeCredential(tb.Context(), a, creationRequest(user)); err != nil {
		tb.Fatal(err)
	}
}

func getOne(tb testing.TB, a *Authenticator, ids ...[]byte) {
	if _, err := ctap2.GetAssertion(tb.Context(), a, assertionRequest(ids...)); err != nil {
		tb.Fatal(err)
	}
}

// population is how many credentials are there already. What an operation costs must not depend on it.
var population = []int{10, 1_000, 100_000}

func BenchmarkCreate(b *testing.B) {
	for _, others := range population {
		b.Run(fmt.Sprint("beside ", others), func(b *testing.B) {
			a := benchmarked(b, others)
			b.ReportAllocs()
			for b.Loop() {
				createOne(b, a, 1) // replaces the one before, so that there are as many at the end as at the beginning
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, others := range population {
		for _, named := range []bool{true, false} {
			b.Run(fmt.Sprintf("beside %d, named %t", others, named), func(b *testing.B) {
				a := benchmarked(b, others)
				createOne(b, a, 1)
				var ids [][]byte
				if named {
					ids = append(ids, a.vault.all.newest.ID)
				}
				b.ReportAllocs()
				for b.Loop() {
					getOne(b, a, ids...)
				}
			})
		}
	}
}

// listable is a model whose credentials can be listed, and store blobs.
func listable() Model {
	return Model{
		CredentialManagement: true, PIN: PINModel{Supported: true},
		Extensions: []string{ctap2.ExtensionLargeBlob}, Storage: StorageModel{LargeBlobForAll: true},
	}
}

// BenchmarkManagement lies that anybody may manage, so that no token is part of what is measured. Where relying parties are
// listed, each credential has its own; elsewhere all are those of one.
func BenchmarkManagement(b *testing.B) {
	hash := authdata.HashRPID("site0.example")
	parameters, err := ctap2.Marshal(ctap2.CredentialManagementParameters{RPIDHash: hash[:]})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		steps []ctap2.CredentialManagementSubCommand
	}{
		{"getCredsMetadata", []ctap2.CredentialManagementSubCommand{ctap2.GetCredsMetadata}},
		{"enumerateRPsBegin", []ctap2.CredentialManagementSubCommand{ctap2.EnumerateRPsBegin}},
		{"enumerateRPsBegin and the next", []ctap2.CredentialManagementSubCommand{ctap2.EnumerateRPsBegin, ctap2.EnumerateRPsGetNextRP}},
		{"enumerateCredentialsBegin", []ctap2.CredentialManagementSubCommand{ctap2.EnumerateCredentialsBegin}},
		{"enumerateCredentialsBegin and the next", []ctap2.CredentialManagementSubCommand{
			ctap2.EnumerateCredentialsBegin, ctap2.EnumerateCredentialsGetNextCredential}},
	} {
		for _, others := range population {
			each := others
			if c.steps[0] == ctap2.EnumerateRPsBegin {
				each = 1
			}
			b.Run(fmt.Sprintf("%s, beside %d", c.name, others), func(b *testing.B) {
				a := populated(b, listable(), others, each)
				a.Misbehave.ManageWithoutToken = true
				b.ReportAllocs()
				for b.Loop() {
					for _, step := range c.steps {
						if _, err := ctap2.CredentialManagement(b.Context(), a, &ctap2.CredentialManagementRequest{SubCommand: &step, Parameters: parameters}); err != nil {
							b.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// BenchmarkWriteLargeBlob adds up the blobs of all credentials to see whether there is room.
func BenchmarkWriteLargeBlob(b *testing.B) {
	for _, others := range population {
		b.Run(fmt.Sprint("beside ", others), func(b *testing.B) {
			a := populated(b, listable(), others, 1_000)
			blob := LargeBlob{Data: make([]byte, 100), OriginalSize: 200}
			b.ReportAllocs()
			for b.Loop() {
				if written, err := a.writeLargeBlob(b.Context(), a.vault.all.oldest.ID, blob); !written || err != nil {
					b.Fatal(written, err)
				}
			}
		})
	}
}

// BenchmarkExchange is what the authenticator itself does for a get, without its client.
func BenchmarkExchange(b *testing.B) {
	a := benchmarked(b, 0)
	createOne(b, a, 1)
	request, err := ctap2.EncodeRequest(ctap2.CommandGetAssertion, assertionRequest(a.vault.all.newest.ID))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if response, err := a.Exchange(b.Context(), request); err != nil || ctap2.Status(response[0]) != ctap2.OK {
			b.Fatal(err, response)
		}
	}
}

func BenchmarkCreateAndGet(b *testing.B) {
	a := benchmarked(b, 0)
	b.ReportAllocs()
	for b.Loop() {
		createOne(b, a, 1)
		getOne(b, a, a.vault.all.newest.ID)
	}
}

// BenchmarkBareSignature is what no get can be faster than.
func BenchmarkBareSignature(b *testing.B) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := private.Sign(nil, benchHash[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}
