package virtualauth

import (
	"context"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// extension is one row of the table: what an extension does in the two ceremonies. A hook that is nil ignores the input.
type extension struct {
	identifier     string
	create, assert hook
}

// extensions are all of CTAP 2.3 §12, and prf, in the order in which they are processed; what a model does not list is ignored, as is
// what is not here. Never written after the program has started.
var extensions = []extension{
	{identifier: ctap2.ExtensionCredProtect, create: createCredProtect},
	{identifier: ctap2.ExtensionCredBlob, create: createCredBlob, assert: assertCredBlob},
	{identifier: ctap2.ExtensionLargeBlobKey, create: createLargeBlobKey, assert: assertLargeBlobKey},
	{identifier: ctap2.ExtensionLargeBlob, create: createLargeBlob, assert: assertLargeBlob},
	{identifier: ctap2.ExtensionMinPINLength, create: createMinPINLength},
	{identifier: ctap2.ExtensionPINComplexityPolicy, create: createPINComplexityPolicy},
	{identifier: ctap2.ExtensionHMACSecret, create: createHMACSecret, assert: assertHMACSecret},
	{identifier: ctap2.ExtensionHMACSecretMC, create: createHMACSecretMC}, // behind hmac-secret, whose secrets it uses
	{identifier: ctap2.ExtensionThirdPartyPayment, create: createThirdPartyPayment, assert: assertThirdPartyPayment},
	{identifier: ctap2.ExtensionPRF, create: createPRF, assert: assertPRF}, // behind hmac-secret, whose secrets it uses
}

// hook judges an input once a ceremony, when nothing has happened yet, and says what is to be done with each credential; nil
// for nothing.
type hook func(a *Authenticator, c extended, input cbor.RawMessage) (effect, error)

// effect does it: to a new record that is not stored yet, or with a copy of one that signs.
type effect func(ctx context.Context, r *record, out *extensionOutputs) error

// extended is a ceremony as extensions see it.
type extended struct {
	inputs map[string]cbor.RawMessage
	rpID   string
	gesture
	discoverable bool // the new credential is to be
	listed       bool // the assertion names credentials
}

// extensionOutputs is what extensions add to a response. The zero value adds nothing.
type extensionOutputs struct {
	// signed are the outputs in authenticator data, by identifier.
	signed map[string]any
	// unsigned are the outputs outside of it, encoded (CTAP 2.3 §6.1.2 and §6.2.2, unsignedExtensionOutputs).
	unsigned map[string]cbor.RawMessage
	// largeBlobKey is that member of the response.
	largeBlobKey []byte
}

// sign adds an output to authenticator data.
func (o *extensionOutputs) sign(identifier string, value any) {
	if o.signed == nil {
		o.signed = map[string]any{}
	}
	o.signed[identifier] = value
}

// say adds an output outside authenticator data.
func (o *extensionOutputs) say(identifier string, value any) error {
	raw, err := ctap2.Marshal(value)
	if err != nil {
		return err
	}
	if o.unsigned == nil {
		o.unsigned = map[string]cbor.RawMessage{}
	}
	o.unsigned[identifier] = raw
	return nil
}

// encodeSigned returns the extensions of authenticator data, or nil when there are none.
func (o extensionOutputs) encodeSigned() ([]byte, error) {
	if len(o.signed) == 0 {
		return nil, nil
	}
	return ctap2.Marshal(o.signed)
}

// extensionNames are the identifiers of all extensions there are, in the order of the table.
func extensionNames() (names []string) {
	for _, e := range extensions {
		names = append(names, e.identifier)
	}
	return names
}

// extensions are the identifiers of the extensions that the model supports, in the order of getInfo.
func (m Model) extensions() []string {
	return slices.DeleteFunc(slices.Clone(m.Extensions), func(id string) bool { return !slices.Contains(extensionNames(), id) })
}

// extends reports whether the model supports an extension.
func (m Model) extends(identifier string) bool { return slices.Contains(m.Extensions, identifier) }

// judgeCreation judges the extension inputs of makeCredential (CTAP 2.3 §6.1.2, extensions step).
func (a *Authenticator) judgeCreation(r *ctap2.MakeCredentialRequest, w wanted, g gesture) ([]effect, error) {
	c := extended{inputs: r.Extensions, rpID: r.RP.ID, gesture: g, discoverable: w.discoverable}
	return a.judgeExtensions(c, func(e extension) hook { return e.create })
}

// judgeAssertion judges the extension inputs of getAssertion (CTAP 2.3 §6.2.2, extensions step).
func (a *Authenticator) judgeAssertion(r *ctap2.GetAssertionRequest, g gesture) ([]effect, error) {
	c := extended{inputs: r.Extensions, rpID: r.RPID, gesture: g, listed: len(r.AllowList) > 0}
	return a.judgeExtensions(c, func(e extension) hook { return e.assert })
}

func (a *Authenticator) judgeExtensions(c extended, hookOf func(extension) hook) ([]effect, error) {
	var effects []effect
	for _, e := range extensions {
		input, there := c.inputs[e.identifier]
		judge := hookOf(e)
		if !there || judge == nil || !a.model.extends(e.identifier) {
			continue
		}
		effect, err := judge(a, c, input)
		if err != nil {
			return nil, err
		}
		if effect != nil {
			effects = append(effects, effect)
		}
	}
	return effects, nil
}

// extend lets extensions act on one credential.
func (a *Authenticator) extend(ctx context.Context, effects []effect, r *record) (out extensionOutputs, err error) {
	for _, effect := range effects {
		if err := effect(ctx, r, &out); err != nil {
			return extensionOutputs{}, err
		}
	}
	if a.Misbehave.OmitExtensions {
		out = extensionOutputs{}
	}
	if identifier := a.Misbehave.UnaskedExtension; identifier != "" {
		out.sign(identifier, true)
	}
	return out, nil
}

// flag reads an input that must be a boolean.
func flag(input cbor.RawMessage) (bool, error) {
	var value bool
	err := ctap2.Unmarshal(input, &value)
	return value, err
}
