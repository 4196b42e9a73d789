package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// prfInputs are AuthenticationExtensionsPRFInputsJSON (WebAuthn L3 §10.1.4).
type prfInputs struct {
	Eval             *prfValues           `json:"eval"`
	EvalByCredential map[string]prfValues `json:"evalByCredential"`
}

// evaluates reports whether any output is asked for.
func (in *prfInputs) evaluates() bool {
	return in != nil && (in.Eval != nil || len(in.EvalByCredential) > 0)
}

// prfValues are AuthenticationExtensionsPRFValuesJSON.
type prfValues struct {
	First  base64url  `json:"first"`
	Second *base64url `json:"second,omitempty"`
}

// hmacInputs are the salts of hmacGetSecret, 32 bytes each (CTAP 2.3 §12.7).
type hmacInputs struct {
	Salt1 base64url  `json:"salt1"`
	Salt2 *base64url `json:"salt2"`
}

// saltLength is that of one salt and of one output, in bytes.
const saltLength = 32

// SyntaxError is the name of the error for keys of evalByCredential that name no allowed credential.
const SyntaxError = "SyntaxError"

// prfSalt keeps the inputs of pages apart from what else is asked of a credential: SHA-256("WebAuthn PRF" ‖ 0x00 ‖ input).
func prfSalt(input []byte) []byte {
	sum := sha256.Sum256(slices.Concat([]byte("WebAuthn PRF"), []byte{0}, input))
	return sum[:]
}

// salts are one or two salts, one behind the other.
func (v *prfValues) salts() []byte {
	salts := prfSalt(v.First)
	if v.Second != nil {
		salts = append(salts, prfSalt(*v.Second)...)
	}
	return salts
}

func (h *hmacInputs) salts() []byte {
	if h.Salt2 == nil {
		return h.Salt1
	}
	return slices.Concat(h.Salt1, *h.Salt2)
}

func (h *hmacInputs) check() error {
	if h != nil && (len(h.Salt1) != saltLength || h.Salt2 != nil && len(*h.Salt2) != saltLength) {
		return fail(TypeError, "the salts of hmacGetSecret must be %d bytes long", saltLength)
	}
	return nil
}

func (v *prfValues) check() error {
	if v != nil && v.First == nil {
		return fail(TypeError, "the inputs of prf lack the member first")
	}
	return nil
}

func checkCreationPRF(o *creationOptions, _ caller) error {
	if err := o.Extensions.HMACGetSecret.check(); err != nil || o.Extensions.PRF == nil {
		return err
	}
	if o.Extensions.PRF.EvalByCredential != nil {
		return fail(NotSupportedError, "prf.evalByCredential is for authentication only")
	}
	return o.Extensions.PRF.Eval.check()
}

// checkRequestPRF wants every key of evalByCredential to be the id of an allowed credential (WebAuthn L3 §10.1.4, client
// extension processing).
func checkRequestPRF(o *requestOptions, _ caller) error {
	if err := o.Extensions.HMACGetSecret.check(); err != nil || o.Extensions.PRF == nil {
		return err
	}
	byCredential := o.Extensions.PRF.EvalByCredential
	if len(byCredential) > 0 && len(o.AllowCredentials) == 0 {
		return fail(NotSupportedError, "prf.evalByCredential needs allowCredentials")
	}
	for key, values := range byCredential {
		id, err := base64.RawURLEncoding.Strict().DecodeString(key)
		if err != nil || len(id) == 0 || !slices.ContainsFunc(o.AllowCredentials, func(d descriptor) bool { return slices.Equal(d.ID, id) }) {
			return fail(SyntaxError, "the key %q of prf.evalByCredential is not the id of an allowed credential", key)
		}
		if err := values.check(); err != nil {
			return err
		}
	}
	return o.Extensions.PRF.Eval.check()
}

// creationSalts are the salts to evaluate at once; nil for none. raw says that they are the page's own, without a prefix.
func (in *extensions) creationSalts() (salts []byte, raw bool) {
	switch {
	case in.PRF != nil && in.PRF.Eval != nil:
		return in.PRF.Eval.salts(), false
	case in.HMACCreateSecret && in.HMACGetSecret != nil:
		return in.HMACGetSecret.salts(), true
	}
	return nil, false
}

// requestSalts are those for an assertion by the credential of an id; empty when the authenticator will choose.
func (in *extensions) requestSalts(id []byte) (salts []byte, raw bool) {
	if in.PRF == nil {
		if in.HMACGetSecret == nil {
			return nil, false
		}
		return in.HMACGetSecret.salts(), true
	}
	if values, found := in.PRF.EvalByCredential[text(id)]; found {
		return values.salts(), false
	}
	if in.PRF.Eval != nil {
		return in.PRF.Eval.salts(), false
	}
	return nil, false
}

// secretInput is the input of hmac-secret, or of hmac-secret-mc: the salts, encrypted (CTAP 2.3 §12.7).
func secretInput(a *agreement, salts []byte) (*ctap2.HMACSecretInput, error) {
	encrypted, err := a.secret.Encrypt(salts)
	if err != nil {
		return nil, err
	}
	input := &ctap2.HMACSecretInput{KeyAgreement: a.key, SaltEnc: encrypted, SaltAuth: a.secret.Authenticate(encrypted)}
	if a.protocol > 1 { // those who know only protocol one may not know the member
		input.PINUVAuthProtocol = uint(a.protocol)
	}
	return input, nil
}

// inputCreationHMAC asks for a secret beside the credential and, where the authenticator can do that at once, for its outputs.
func inputCreationHMAC(ctx context.Context, c *Client, made *creation) (err error) {
	in := &made.options.Extensions
	if in.PRF == nil && !in.HMACCreateSecret || !made.device.supports(ctap2.ExtensionHMACSecret) {
		return nil
	}
	if err := made.extensions.set(ctap2.ExtensionHMACSecret, true); err != nil {
		return err
	}
	salts, raw := in.creationSalts()
	if salts == nil || !made.device.supports(ctap2.ExtensionHMACSecretMC) || !raw && !made.authorization.verifies() {
		return nil
	}
	if made.agreement, err = c.agree(ctx, made.device); err != nil {
		return err
	}
	input, err := secretInput(made.agreement, salts)
	if err != nil {
		return err
	}
	return made.extensions.set(ctap2.ExtensionHMACSecretMC, input)
}

// inputRequestHMAC asks for outputs. Those of prf are always the ones for a verified user (WebAuthn L3 §10.1.4); where the
// user cannot be verified, none are asked for.
func inputRequestHMAC(ctx context.Context, c *Client, a *assertion) (err error) {
	var id []byte
	if len(a.request.AllowList) == 1 {
		id = a.request.AllowList[0].ID
	}
	salts, raw := a.options.Extensions.requestSalts(id)
	if salts == nil || !a.device.supports(ctap2.ExtensionHMACSecret) || !raw && !a.authorization.verifies() {
		return nil
	}
	if a.agreement, err = c.agree(ctx, a.device); err != nil {
		return err
	}
	input, err := secretInput(a.agreement, salts)
	if err != nil {
		return err
	}
	return a.extensions.set(ctap2.ExtensionHMACSecret, input)
}

// errOutput says that the outputs of hmac-secret cannot be what they should be.
var errOutput = errors.New("the output of hmac-secret is neither 32 nor 64 bytes long")

// secretOutput decrypts one output or two from authenticator data; nil when there are none.
func secretOutput(a *agreement, authData []byte, id string) ([][]byte, error) {
	var encrypted ctap2.Bytes
	if a == nil || !signedOutput(authData, id, &encrypted) {
		return nil, nil
	}
	plain, err := a.secret.Decrypt(encrypted)
	switch {
	case err != nil:
		return nil, err
	case len(plain) == saltLength:
		return [][]byte{plain}, nil
	case len(plain) == 2*saltLength:
		return [][]byte{plain[:saltLength], plain[saltLength:]}, nil
	}
	return nil, errOutput
}

// results presents outputs under two names.
func (c *Client) results(outputs [][]byte, first, second string) map[string]any {
	if c.Misbehave.SpoilPRF {
		outputs[0] = slices.Clone(outputs[0])
		outputs[0][0] ^= 0xff
	}
	out := map[string]any{first: base64url(outputs[0])}
	if len(outputs) > 1 {
		out[second] = base64url(outputs[1])
	}
	return out
}

func outputCreationHMAC(_ context.Context, c *Client, made *creation) error {
	in := &made.options.Extensions
	enabled := c.Misbehave.ClaimPRF
	if !enabled {
		signedOutput(made.response.AuthData, ctap2.ExtensionHMACSecret, &enabled)
	}
	outputs, err := secretOutput(made.agreement, made.response.AuthData, ctap2.ExtensionHMACSecretMC)
	if err != nil {
		return err
	}
	if in.HMACCreateSecret {
		made.outputs["hmacCreateSecret"] = enabled
		if outputs != nil && in.PRF == nil {
			made.outputs["hmacGetSecret"] = c.results(outputs, "output1", "output2")
		}
	}
	if in.PRF == nil {
		return nil
	}
	prf := map[string]any{"enabled": enabled}
	if outputs != nil {
		prf["results"] = c.results(outputs, "first", "second")
	}
	made.outputs["prf"] = prf
	return nil
}

func outputRequestHMAC(_ context.Context, c *Client, a *assertion) error {
	in := &a.options.Extensions
	outputs, err := secretOutput(a.agreement, a.signed.AuthData, ctap2.ExtensionHMACSecret)
	if err != nil {
		return err
	}
	switch {
	case in.PRF != nil:
		prf := map[string]any{}
		if outputs != nil {
			prf["results"] = c.results(outputs, "first", "second")
		}
		a.outputs["prf"] = prf
	case in.HMACGetSecret != nil && outputs != nil:
		a.outputs["hmacGetSecret"] = c.results(outputs, "output1", "output2")
	}
	return nil
}
