package metadata_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

type still time.Time

func (s still) Now() time.Time { return time.Time(s) }

// A model is described by what its device answers, and the list that it is on is signed by the authority that its
// certificates come from. A relying party that trusts MetadataRoot then verifies the model's attestation up to Root.
func ExampleBLOB_Sign() {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	authority := attestation.NewAuthority([]byte("a seed"), begin)
	device := virtualauth.New(
		virtualauth.Model{
			AAGUID:      uuid.MustParse("0d4b1c5e-6f3a-4e5b-9a1d-2c3b4a596877"),
			Attestation: attestation.FormatPacked, AttestationType: attestation.Basic,
			// What CTAP 2.1 demands, without which getInfo tells no formats:
			UVTokens: true, CredentialManagement: true, Extensions: []string{"credProtect", "hmac-secret"},
		},
		virtualauth.World{Clock: still(begin), Rand: rand.NewChaCha8([32]byte{}), Authority: authority},
	)

	answer, err := device.Exchange(context.Background(), []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		panic(err)
	}
	info, err := metadata.ParseGetInfo(answer[1:]) // behind the status
	if err != nil {
		panic(err)
	}
	root, err := authority.Root()
	if err != nil {
		panic(err)
	}
	entry, err := metadata.Describe(metadata.Model{
		GetInfo: info, Description: "A key for tests", Since: begin,
		AttestationTypes: []attestation.Type{attestation.Basic}, Roots: []*x509.Certificate{root},
	})
	if err != nil {
		panic(err)
	}
	jwt, err := metadata.BLOB{Number: 1, NextUpdate: begin.AddDate(0, 1, 0), Entries: []metadata.Entry{entry}}.Sign(authority)

	fmt.Println(entry.AAGUID, entry.Statement.AttestationTypes, entry.Statement.GetInfo.AttestationFormats)
	fmt.Println(strings.Count(string(jwt), "."), err)
	// Output:
	// 0d4b1c5e-6f3a-4e5b-9a1d-2c3b4a596877 [basic_full] [packed]
	// 2 <nil>
}
