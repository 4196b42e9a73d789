package virtualauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// prf (WebAuthn L3 §10.1.4) as clients send it to phones: hmac-secret without the encryption of its own. Its secrets are those of
// hmac-secret, so that a credential gives the same outputs by both.

// createPRF makes the secrets, and evaluates them at once when the client asks for it.
func createPRF(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	in, err := prfInput(input)
	if err != nil {
		return nil, err
	}
	if in.EvalByCredential != nil {
		return nil, ctap2.InvalidParameter // there is no credential yet that it could name
	}
	return func(ctx context.Context, r *record, out *extensionOutputs) error {
		if r.secrets.withUV == nil {
			if err := a.createSecrets(ctx, r); err != nil {
				return err
			}
		}
		enabled := true
		results, err := a.evaluatePRF(ctx, r.secrets.of(c.verified), in.Eval)
		if err != nil {
			return err
		}
		return out.say(ctap2.ExtensionPRF, ctap2.PRFOutput{Enabled: &enabled, Results: results})
	}, nil
}

// assertPRF evaluates the secrets of a credential that has some; the user must be present.
func assertPRF(a *Authenticator, c extended, input cbor.RawMessage) (effect, error) {
	in, err := prfInput(input)
	if err != nil {
		return nil, err
	}
	if !c.present {
		return nil, ctap2.UnsupportedOption
	}
	return func(ctx context.Context, r *record, out *extensionOutputs) error {
		salts := in.Eval
		if own, there := in.EvalByCredential[cbor.ByteString(r.ID)]; there {
			salts = &own
		}
		results, err := a.evaluatePRF(ctx, r.secrets.of(c.verified), salts)
		if err != nil || results == nil {
			return err
		}
		return out.say(ctap2.ExtensionPRF, ctap2.PRFOutput{Results: results})
	}, nil
}

// prfInput reads an input. Salts of another length than 32 bytes are INVALID_LENGTH.
func prfInput(input cbor.RawMessage) (in ctap2.PRFInput, err error) {
	if err := ctap2.Unmarshal(input, &in); err != nil {
		return in, err
	}
	if in.Eval != nil {
		err = checkSalts(*in.Eval)
	}
	for _, salts := range in.EvalByCredential {
		if err == nil {
			err = checkSalts(salts)
		}
	}
	return in, err
}

func checkSalts(s ctap2.PRFValues) error {
	if len(s.First) != saltLength || s.Second != nil && len(s.Second) != saltLength {
		return ctap2.InvalidLength
	}
	return nil
}

// evaluatePRF returns the outputs of one salt or two; nil where there is no secret, or nothing to evaluate.
func (a *Authenticator) evaluatePRF(ctx context.Context, secret []byte, salts *ctap2.PRFValues) (*ctap2.PRFValues, error) {
	if secret == nil || salts == nil {
		return nil, nil
	}
	outputs, err := a.evaluate(ctx, secret, slices.Concat(salts.First, salts.Second))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ctap2.ExtensionPRF, err)
	}
	results := &ctap2.PRFValues{First: outputs[:saltLength]}
	if len(outputs) > saltLength {
		results.Second = outputs[saltLength:]
	}
	return results, nil
}
