package subject

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/mds"
)

// services is metadata from several services.
type services []rp.Metadata

// readServices reads each list as the relying party would, and leaves out those that are refused.
func readServices(ctx context.Context, folder string, lists []SignedMetadata) (rp.Metadata, error) {
	all := services{}
	for i, list := range lists {
		known, err := list.read(ctx, folder)
		if refused := new(mds.BLOBError); errors.As(err, &refused) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("metadata service %d: %w", i, err)
		}
		all = append(all, known)
	}
	return all, nil
}

// Model implements rp.Metadata: it is the answer of the first service that lists the model.
func (s services) Model(ctx context.Context, aaguid uuid.UUID, chain []*x509.Certificate) (rp.Model, bool) {
	for _, one := range s {
		if model, listed := one.Model(ctx, aaguid, chain); listed {
			return model, true
		}
	}
	return rp.Model{}, false
}
