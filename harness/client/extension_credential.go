package client

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// This file holds the extensions that only pass a value on: credProtect, credBlob, minPinLength, pinComplexityPolicy,
// thirdPartyPayment, and credProps, which passes on nothing.

// protectionPolicy reads a value of credentialProtectionPolicy; zero for one that does not exist.
func protectionPolicy(name string) ctap2.CredProtect {
	for _, p := range []ctap2.CredProtect{ctap2.UVOptional, ctap2.UVOptionalWithCredentialIDList, ctap2.UVRequired} {
		if p.String() == name {
			return p
		}
	}
	return 0
}

func checkCredProtect(o *creationOptions, _ caller) error {
	if name := o.Extensions.CredentialProtectionPolicy; name != nil && protectionPolicy(*name) == 0 {
		return fail(TypeError, "there is no credentialProtectionPolicy %q", *name)
	}
	return nil
}

// suitsCredProtect refuses an authenticator that does not know a policy which is to be enforced (CTAP 2.3 §12.1, client
// extension processing).
func suitsCredProtect(made *creation) bool {
	in := made.options.Extensions
	enforced := in.CredentialProtectionPolicy != nil && in.EnforceCredentialProtectionPolicy && protectionPolicy(*in.CredentialProtectionPolicy) != ctap2.UVOptional
	return !enforced || made.device.supports(ctap2.ExtensionCredProtect)
}

func inputCredProtect(_ context.Context, c *Client, made *creation) error {
	policy := made.options.Extensions.CredentialProtectionPolicy
	if policy == nil || c.Misbehave.SkipCredProtect || !made.device.supports(ctap2.ExtensionCredProtect) {
		return nil
	}
	return made.extensions.set(ctap2.ExtensionCredProtect, protectionPolicy(*policy))
}

// inputCredBlob passes on a blob that the authenticator has room for (CTAP 2.3 §12.2).
func inputCredBlob(_ context.Context, _ *Client, made *creation) error {
	blob := made.options.Extensions.CredBlob
	if blob == nil || !made.device.supports(ctap2.ExtensionCredBlob) || uint(len(*blob)) > made.device.info.MaxCredBlobLength {
		return nil
	}
	return made.extensions.set(ctap2.ExtensionCredBlob, []byte(*blob))
}

func outputCredBlob(_ context.Context, _ *Client, made *creation) error {
	if made.options.Extensions.CredBlob != nil {
		stored := false
		signedOutput(made.response.AuthData, ctap2.ExtensionCredBlob, &stored)
		made.outputs["credBlob"] = stored
	}
	return nil
}

func inputGetCredBlob(_ context.Context, _ *Client, a *assertion) error {
	if a.options.Extensions.GetCredBlob && a.device.supports(ctap2.ExtensionCredBlob) {
		return a.extensions.set(ctap2.ExtensionCredBlob, true)
	}
	return nil
}

// outputGetCredBlob passes the blob on; an empty one says that the credential has none (CTAP 2.3 §12.2).
func outputGetCredBlob(_ context.Context, _ *Client, a *assertion) error {
	var blob ctap2.Bytes
	if a.options.Extensions.GetCredBlob && signedOutput(a.signed.AuthData, ctap2.ExtensionCredBlob, &blob) {
		a.outputs["getCredBlob"] = base64url(blob)
	}
	return nil
}

// inputFlags are the extensions whose input is true and whose output only the authenticator data has.
func inputFlags(_ context.Context, _ *Client, made *creation) error {
	in := made.options.Extensions
	for _, e := range []struct {
		id     string
		wanted bool
	}{
		{ctap2.ExtensionMinPINLength, in.MinPINLength}, {ctap2.ExtensionPINComplexityPolicy, in.PINComplexityPolicy},
		{ctap2.ExtensionThirdPartyPayment, in.Payment.IsPayment},
	} {
		if !e.wanted || !made.device.supports(e.id) {
			continue
		}
		if err := made.extensions.set(e.id, true); err != nil {
			return err
		}
	}
	return nil
}

func inputPayment(_ context.Context, _ *Client, a *assertion) error {
	if a.options.Extensions.Payment.IsPayment && a.device.supports(ctap2.ExtensionThirdPartyPayment) {
		return a.extensions.set(ctap2.ExtensionThirdPartyPayment, true)
	}
	return nil
}

// outputCredProps says "discoverable" when that was asked for and done, "not" when the authenticator cannot, and nothing when
// the client cannot know (WebAuthn L3 §10.1.3).
func outputCredProps(_ context.Context, c *Client, made *creation) error {
	if !made.options.Extensions.CredProps {
		return nil
	}
	properties := map[string]any{}
	switch rk := made.request.Options.ResidentKey; {
	case c.Misbehave.DenyDiscoverable:
		properties["rk"] = false
	case rk != nil && *rk:
		properties["rk"] = true
	case !made.device.info.Options["rk"]:
		properties["rk"] = false
	}
	made.outputs["credProps"] = properties
	return nil
}
