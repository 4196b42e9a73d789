// This file is what only a face of the relying party, such as package web, asks for.
package rp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

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

// AcceptsOnlyTheApp reports whether the policy names the organisation's own app and nothing else, so that a page
// may say so.
func (rp *RelyingParty) AcceptsOnlyTheApp() bool {
	restrictions := rp.Policy().KeyRestrictions
	if !restrictions.IsEnforced || restrictions.EnforcementType != policy.EnforcementAllow {
		return false
	}
	return !slices.ContainsFunc(restrictions.AAGUIDs, func(aaguid uuid.UUID) bool { return !rp.Provider(aaguid).Approved })
}

// AsksForAttestation reports whether the policy asks security keys to show their make and model.
func (rp *RelyingParty) AsksForAttestation() bool {
	return rp.Policy().Attestation == policy.AttestationDirect
}
