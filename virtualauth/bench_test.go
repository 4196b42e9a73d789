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
	a := New(Model{Attestation: attestation.FormatPacked}, World{Clock: fixedClock{}, Rand: rand.NewChaCha8([32]byte{1})})
	handle, key, err := a.world.Keys.Create(tb.Context(), cose.ES256)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range others {
		id := binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i))
		a.vault.add(&record{handle: handle, Credential: Credential{
			ID: id, RPID: fmt.Sprintf("site%d.example", i/1000), UserHandle: id, Discoverable: true, Algorithm: cose.ES256,
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
