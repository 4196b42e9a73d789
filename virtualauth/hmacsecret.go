package virtualauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// hmac-secret and hmac-secret-mc (CTAP 2.3 §12.7, §12.8), which WebAuthn clients call prf: a pseudo-random function of a salt
// that only this credential can compute. Salts and outputs travel encrypted under a secret shared with the platform.

// saltLength is that of one salt, and of one output, in bytes.
const saltLength = 32

// hmacSecrets are the handles of a credential's two secrets, CredRandomWithUV and CredRandomWithoutUV; nil when it has none.
type hmacSecrets struct{ withUV, withoutUV keystore.Handle }

// of returns the one that fits.
func (s hmacSecrets) of(verified bool) keystore.Handle {
	if verified {
		return s.withUV
	}
	return s.withoutUV
}

// createHMACSecret makes the secrets.
func createHMACSecret(a *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	asked, err := flag(input)
	if err != nil || !asked {
		return nil, err
	}
	return func(ctx context.Context, r *record, out *extensionOutputs) error {
		if err := a.createSecrets(ctx, r); err != nil {
			return err
		}
		out.sign(ctap2.ExtensionHMACSecret, true)
		return nil
	}, nil
}

// createSecrets makes both secrets of a new credential.
func (a *Authenticator) createSecrets(ctx context.Context, r *record) (err error) {
	for _, secret := range []*keystore.Handle{&r.secrets.withUV, &r.secrets.withoutUV} {
		if *secret, err = a.world.Keys.CreateSecret(ctx); err != nil {
			return fmt.Errorf("create a secret: %w", err)
		}
	}
	return nil
}

// createHMACSecretMC evaluates the new secrets at once. Unless hmac-secret beside it is true there are none:
// MISSING_PARAMETER. An input of hmac-secret that is no boolean was refused before.
func createHMACSecretMC(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	if asked, err := flag(c.inputs[ctap2.ExtensionHMACSecret]); err != nil || !asked {
		return nil, ctap2.MissingParameter
	}
	return a.evaluateSalts(ctap2.ExtensionHMACSecretMC, c.verified, input)
}

// assertHMACSecret evaluates the secrets of a credential that has some; the user must be present.
func assertHMACSecret(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	if !c.present {
		return nil, ctap2.UnsupportedOption
	}
	return a.evaluateSalts(ctap2.ExtensionHMACSecret, c.verified, input)
}

// evaluateSalts opens the input once, and encrypts each credential's outputs under the same shared secret.
func (a *Authenticator) evaluateSalts(identifier string, verified bool, input cbor.RawMessage) (effect, error) {
	shared, salts, err := a.openSalts(input)
	if err != nil {
		return nil, err
	}
	if a.Misbehave.IgnoreUVForSecret {
		verified = false
	}
	return func(ctx context.Context, r *record, out *extensionOutputs) error {
		secret := r.secrets.of(verified)
		if secret == nil {
			return nil
		}
		results, err := a.evaluate(ctx, secret, salts)
		if err != nil {
			return err
		}
		if !a.Misbehave.PlainSecret {
			if results, err = shared.Encrypt(results); err != nil {
				return fmt.Errorf("encrypt the outputs of %s: %w", identifier, err)
			}
		}
		out.sign(identifier, results)
		return nil
	}, nil
}

// evaluate returns the outputs of one salt or two.
func (a *Authenticator) evaluate(ctx context.Context, secret keystore.Handle, salts []byte) (results []byte, err error) {
	for ; len(salts) > 0; salts = salts[saltLength:] {
		result, err := a.world.Keys.HMAC(ctx, secret, salts[:saltLength])
		if err != nil {
			return nil, fmt.Errorf("evaluate a salt: %w", err)
		}
		if a.Misbehave.ConstantSecret {
			clear(result)
		}
		results = append(results, result...)
	}
	if a.Misbehave.SwapSecrets && len(results) == 2*saltLength {
		results = slices.Concat(results[saltLength:], results[:saltLength])
	}
	return results, nil
}

// openSalts agrees on a secret with the platform and decrypts its salts: one or two of 32 bytes.
func (a *Authenticator) openSalts(input cbor.RawMessage) (shared *pinuv.Secret, salts []byte, err error) {
	var in ctap2.HMACSecretInput
	if err := ctap2.Unmarshal(input, &in); err != nil {
		return nil, nil, err
	}
	if in.KeyAgreement == nil || in.SaltEnc == nil || in.SaltAuth == nil {
		return nil, nil, ctap2.MissingParameter
	}
	protocol := in.PINUVAuthProtocol
	if protocol == 0 {
		protocol = uint(pinuv.One)
	}
	if shared, err = a.agree(protocol, in.KeyAgreement); err != nil {
		return nil, nil, err
	}
	if shared.Verify(in.SaltEnc, in.SaltAuth) != nil {
		return nil, nil, ctap2.PINAuthInvalid
	}
	salts, err = shared.Decrypt(in.SaltEnc)
	if err != nil || len(salts) != saltLength && len(salts) != 2*saltLength {
		return nil, nil, ctap2.InvalidParameter
	}
	return shared, salts, nil
}

// agree returns the secret shared with a platform that sent its key agreement key.
func (a *Authenticator) agree(protocol uint, platformKey []byte) (*pinuv.Secret, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	end, err := a.end(protocol)
	if err != nil {
		return nil, err
	}
	shared, err := end.Decapsulate(platformKey)
	return shared, pinError(err)
}
