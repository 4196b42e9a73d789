package client

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client/ctap1"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// inspectU2F finds out whether a device that does not know getInfo is a U2F key, and what getInfo would then say: neither
// discoverable credentials nor verification, and ids as long as key handles (CTAP 2.3 §10). unknown is how getInfo failed; it
// stays the error of a device that cannot be asked by U2F.
func (c *Client) inspectU2F(ctx context.Context, unknown error) (*ctap2.GetInfoResponse, *ctap1.Key, error) {
	device, ok := c.Device.(ctap1.Device)
	if !ok {
		return nil, nil, unknown
	}
	key := &ctap1.Key{Device: device, Poll: c.Poll}
	if err := key.Speaks(ctx); err != nil {
		return nil, nil, fmt.Errorf("%w; as a U2F key: %w", unknown, err)
	}
	return &ctap2.GetInfoResponse{Versions: []string{ctap1.Version}, MaxCredentialIDLength: ctap1.MaxKeyHandle}, key, nil
}

// makeCredential performs authenticatorMakeCredential, or what a U2F key has for it.
func (c *Client) makeCredential(ctx context.Context, d *device, r *ctap2.MakeCredentialRequest) (*ctap2.MakeCredentialResponse, error) {
	if d.u2f != nil {
		return d.u2f.MakeCredential(ctx, r)
	}
	return ctap2.MakeCredential(ctx, c.Device, r)
}

// getAssertion performs authenticatorGetAssertion, or what a U2F key has for it.
func (c *Client) getAssertion(ctx context.Context, d *device, r *ctap2.GetAssertionRequest) (*ctap2.GetAssertionResponse, error) {
	if d.u2f != nil {
		return d.u2f.GetAssertion(ctx, r)
	}
	return ctap2.GetAssertion(ctx, c.Device, r)
}

// selection waits for a touch.
func (c *Client) selection(ctx context.Context, d *device) error {
	if d.u2f != nil {
		return d.u2f.Selection(ctx)
	}
	return ctap2.Selection(ctx, c.Device)
}

// knownToU2F is known for a U2F key.
func knownToU2F(ctx context.Context, key *ctap1.Key, q silent) ([]ctap2.Descriptor, error) {
	found, err := key.Known(ctx, q.rpID, q.list)
	if err != nil || found == nil {
		return nil, err
	}
	return []ctap2.Descriptor{*found}, nil
}
