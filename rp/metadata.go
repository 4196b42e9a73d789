package rp

import (
	"context"
	"crypto/x509"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp/mds"
)

// FIDOMetadata answers from the FIDO Metadata Service, as of the clock's time.
func FIDOMetadata(service *mds.Service, clock Clock) Metadata {
	return fidoMetadata{service, clock}
}

type fidoMetadata struct {
	service *mds.Service
	clock   Clock
}

// Model returns what the newest BLOB says about a model. A report about one batch of it counts where the chain is of that batch.
func (f fidoMetadata) Model(_ context.Context, aaguid uuid.UUID, chain []*x509.Certificate) (Model, bool) {
	entry, listed := f.service.Entry(aaguid, chain)
	if !listed {
		return Model{}, false
	}
	now := f.clock.Now()
	return Model{
		Name: entry.Description(), Roots: entry.Roots(), Certified: entry.Level(now) >= mds.L1, Compromised: entry.Warned(chain, now),
		Algorithms: entry.Algorithms(), OnlySelf: onlySelf(entry),
		UserVerification: entry.VerifiesUser(), ResidentKeys: entry.KeepsPasskeys(), Secrets: entry.DerivesSecrets(),
	}, true
}

func onlySelf(entry *mds.Entry) bool {
	types := entry.Statement.AttestationTypes
	return len(types) == 1 && types[0] == metadata.BasicSurrogate
}
