package virtualauth

import (
	"context"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// credProtect (CTAP 2.3 §12.1): a credential hides from those who have not verified the user.

// createCredProtect sets the policy that was asked for. Asking for one that does not exist is INVALID_PARAMETER.
func createCredProtect(a *Authenticator, _ extended, input cbor.RawMessage) (effect, error) {
	var asked ctap2.CredProtect
	if err := ctap2.Unmarshal(input, &asked); err != nil {
		return nil, err
	}
	if asked < ctap2.UVOptional || asked > ctap2.UVRequired {
		return nil, ctap2.InvalidParameter
	}
	return func(_ context.Context, r *record, out *extensionOutputs) error {
		r.CredProtect = asked
		told := asked
		if a.Misbehave.ClaimCredProtect != 0 {
			told = a.Misbehave.ClaimCredProtect
		}
		out.sign(ctap2.ExtensionCredProtect, told)
		return nil
	}, nil
}

// protection is the policy that applies: without one anybody may use the credential.
func (c Credential) protection() ctap2.CredProtect { return max(c.CredProtect, ctap2.UVOptional) }

// mayUse reports whether a credential may be used in an assertion, or be revealed by an exclude list, when the user is verified
// or not, and when the request named it by its id or not (CTAP 2.3 §12.1).
func (a *Authenticator) mayUse(r *record, verified, named bool) bool {
	if verified || a.Misbehave.IgnoreCredProtect {
		return true
	}
	switch r.protection() {
	case ctap2.UVRequired:
		return false
	case ctap2.UVOptionalWithCredentialIDList:
		return named
	}
	return true
}
