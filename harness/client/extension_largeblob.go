package client

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// largeBlobInputs are AuthenticationExtensionsLargeBlobInputsJSON (WebAuthn L3 §10.1.5).
type largeBlobInputs struct {
	Support *string    `json:"support"`
	Read    *bool      `json:"read"`
	Write   *base64url `json:"write"`
}

func checkCreationLargeBlob(o *creationOptions, _ caller) error {
	if in := o.Extensions.LargeBlob; in != nil && (in.Read != nil || in.Write != nil) {
		return fail(NotSupportedError, "largeBlob.read and largeBlob.write are for authentication only")
	}
	return nil
}

func checkRequestLargeBlob(o *requestOptions, _ caller) error {
	switch in := o.Extensions.LargeBlob; {
	case in == nil:
	case in.Support != nil:
		return fail(NotSupportedError, "largeBlob.support is for registration only")
	case in.Read != nil && in.Write != nil:
		return fail(NotSupportedError, "largeBlob.read and largeBlob.write exclude each other")
	case in.Write != nil && len(o.AllowCredentials) != 1:
		return fail(NotSupportedError, "largeBlob.write needs exactly one entry in allowCredentials")
	}
	return nil
}

// Ways in which authenticators keep large blobs: in an array that platforms write (CTAP 2.3 §6.10, §12.3), or by themselves
// (§12.4).
func (d *device) keepsBlobArray() bool {
	return d.info.Options["largeBlobs"] && d.supports(ctap2.ExtensionLargeBlobKey)
}
func (d *device) keepsBlobs() bool { return d.supports(ctap2.ExtensionLargeBlob) }

// insists reports whether a registration wants large blobs or no credential.
func (in *largeBlobInputs) insists() bool {
	return in != nil && in.Support != nil && *in.Support == required
}

// blobArray reports whether the credential to make can have a large-blob key: only discoverable ones can.
func (made *creation) blobArray() bool {
	return made.device.keepsBlobArray() && made.choices.ResidentKey != nil
}

// suitsLargeBlob refuses an authenticator that cannot keep large blobs when support is "required".
func suitsLargeBlob(made *creation) bool {
	return !made.options.Extensions.LargeBlob.insists() || made.device.keepsBlobs() || made.blobArray()
}

// inputCreationLargeBlob asks for a large-blob key, or for room.
func inputCreationLargeBlob(_ context.Context, _ *Client, made *creation) error {
	in := made.options.Extensions.LargeBlob
	switch {
	case in == nil:
		return nil
	case made.device.keepsBlobs():
		support := ctap2.LargeBlobPreferred
		if in.insists() {
			support = ctap2.LargeBlobRequired
		}
		return made.extensions.set(ctap2.ExtensionLargeBlob, ctap2.LargeBlobCreateInput{Support: support})
	case made.blobArray():
		return made.extensions.set(ctap2.ExtensionLargeBlobKey, true)
	}
	return nil
}

func outputCreationLargeBlob(_ context.Context, c *Client, made *creation) error {
	if made.options.Extensions.LargeBlob == nil {
		return nil
	}
	var own ctap2.LargeBlobCreateOutput
	readOutput(made.response.UnsignedExtensions, ctap2.ExtensionLargeBlob, &own)
	supported := own.Supported || len(made.response.LargeBlobKey) > 0 || c.Misbehave.ClaimLargeBlob
	made.outputs["largeBlob"] = map[string]any{"supported": supported}
	return nil
}

// wanted reads and writes of an assertion.
func (in *largeBlobInputs) reads() bool  { return in != nil && in.Read != nil && *in.Read }
func (in *largeBlobInputs) writes() bool { return in != nil && in.Write != nil }

func inputRequestLargeBlob(_ context.Context, _ *Client, a *assertion) error {
	in := a.options.Extensions.LargeBlob
	switch {
	case !in.reads() && !in.writes():
		return nil
	case a.device.keepsBlobs() && in.reads():
		return a.extensions.set(ctap2.ExtensionLargeBlob, ctap2.LargeBlobGetInput{Read: new(true)})
	case a.device.keepsBlobs():
		packed, err := deflate(*in.Write)
		if err != nil {
			return err
		}
		return a.extensions.set(ctap2.ExtensionLargeBlob, ctap2.LargeBlobGetInput{Write: packed, OriginalSize: new(uint(len(*in.Write)))})
	case a.device.keepsBlobArray():
		return a.extensions.set(ctap2.ExtensionLargeBlobKey, true)
	}
	return nil
}

// outputRequestLargeBlob reads or writes now that the credential is known. What fails is told by what is missing: a read has
// no blob, and written is false (WebAuthn L3 §10.1.5).
func outputRequestLargeBlob(ctx context.Context, c *Client, a *assertion) error {
	in := a.options.Extensions.LargeBlob
	out := map[string]any{}
	switch {
	case in == nil:
		return nil
	case in.reads():
		if blob, err := c.blobOf(ctx, a); err == nil {
			out["blob"] = base64url(blob)
		}
	case in.writes():
		out["written"] = c.Misbehave.ClaimLargeBlob || c.storeBlob(ctx, a, *in.Write) == nil
	}
	a.outputs["largeBlob"] = out
	return nil
}

func (c *Client) blobOf(ctx context.Context, a *assertion) ([]byte, error) {
	var own ctap2.LargeBlobGetOutput
	switch {
	case readOutput(a.signed.UnsignedExtensions, ctap2.ExtensionLargeBlob, &own) && own.Blob != nil && own.OriginalSize != nil:
		return inflate(own.Blob, uint64(*own.OriginalSize))
	case len(a.signed.LargeBlobKey) > 0:
		return c.readBlob(ctx, a.device, a.signed.LargeBlobKey)
	}
	return nil, errNoBlob
}

func (c *Client) storeBlob(ctx context.Context, a *assertion, blob []byte) error {
	var own ctap2.LargeBlobGetOutput
	switch {
	case readOutput(a.signed.UnsignedExtensions, ctap2.ExtensionLargeBlob, &own) && own.Written != nil && *own.Written:
		return nil
	case len(a.signed.LargeBlobKey) > 0:
		return c.writeBlob(ctx, a, blob)
	}
	return errNoBlob
}
