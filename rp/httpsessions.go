package rp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// HTTPSession returns what the cookie layer keeps under a token, and whether there is anything that has not
// expired by the relying party's clock.
func (rp *RelyingParty) HTTPSession(ctx context.Context, token string) (data []byte, found bool, err error) {
	data, err = rp.store.HTTPSession(ctx, token, rp.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("rp: cookie data: %w", err)
	}
	return data, true, nil
}

// KeepHTTPSession keeps the cookie layer's data under a token for life, counted by the relying party's clock.
func (rp *RelyingParty) KeepHTTPSession(ctx context.Context, token string, data []byte, life time.Duration) error {
	if err := rp.store.PutHTTPSession(ctx, token, data, rp.Now().Add(life)); err != nil {
		return fmt.Errorf("rp: keep cookie data: %w", err)
	}
	return nil
}

// DropHTTPSession forgets a token; one that is not there is no error.
func (rp *RelyingParty) DropHTTPSession(ctx context.Context, token string) error {
	if err := rp.store.DeleteHTTPSession(ctx, token); err != nil {
		return fmt.Errorf("rp: drop cookie data: %w", err)
	}
	return nil
}

// AsksForAttestation reports whether the policy asks security keys to show their make and model.
func (rp *RelyingParty) AsksForAttestation() bool {
	return rp.Policy().Attestation == policy.AttestationDirect
}
