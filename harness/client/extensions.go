package client

import (
	"context"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// extensions are the inputs that the client knows; others are ignored, as WebAuthn L3 §9.3 wants.
type extensions struct {
	CredProps bool `json:"credProps"` // WebAuthn L3 §10.1.3

	AppID        *string          `json:"appid"`        // WebAuthn L3 §10.1.1
	AppIDExclude *string          `json:"appidExclude"` // WebAuthn L3 §10.1.2
	PRF          *prfInputs       `json:"prf"`          // WebAuthn L3 §10.1.4
	LargeBlob    *largeBlobInputs `json:"largeBlob"`    // WebAuthn L3 §10.1.5

	CredentialProtectionPolicy        *string       `json:"credentialProtectionPolicy"` // CTAP 2.3 §12.1
	EnforceCredentialProtectionPolicy bool          `json:"enforceCredentialProtectionPolicy"`
	CredBlob                          *base64url    `json:"credBlob"` // CTAP 2.3 §12.2
	GetCredBlob                       bool          `json:"getCredBlob"`
	MinPINLength                      bool          `json:"minPinLength"`        // CTAP 2.3 §12.5
	PINComplexityPolicy               bool          `json:"pinComplexityPolicy"` // CTAP 2.3 §12.6
	HMACCreateSecret                  bool          `json:"hmacCreateSecret"`    // CTAP 2.3 §12.7
	HMACGetSecret                     *hmacInputs   `json:"hmacGetSecret"`
	Payment                           paymentInputs `json:"payment"` // Secure Payment Confirmation §5; CTAP 2.3 §12.9

	// RemoteDesktopClientOverride is how the browser's bridge tells whose request it is.
	RemoteDesktopClientOverride *override `json:"remoteDesktopClientOverride"`
}

type paymentInputs struct {
	IsPayment bool `json:"isPayment"`
}

// creationExtension is what a client does about one extension in a registration: WebAuthn L3 §9.4, in parts. Each part may
// be nil.
type creationExtension struct {
	// check judges the input before any authenticator is asked. Errors: *DOMError.
	check func(*creationOptions, caller) error
	// suits tells whether the authenticator can do what the input insists on.
	suits func(*creation) bool
	// input adds to the authenticator's inputs.
	input func(context.Context, *Client, *creation) error
	// output adds to the client extension outputs.
	output func(context.Context, *Client, *creation) error
}

// requestExtension is the same for an authentication.
type requestExtension struct {
	check  func(*requestOptions, caller) error
	input  func(context.Context, *Client, *assertion) error
	output func(context.Context, *Client, *assertion) error
}

// The extensions, in the order in which they act. Never written after the program has started.
var (
	creationExtensions = []creationExtension{
		{check: checkAppIDExclude, output: outputAppIDExclude},
		{check: checkCredProtect, suits: suitsCredProtect, input: inputCredProtect},
		{check: checkCreationPRF, input: inputCreationHMAC, output: outputCreationHMAC},
		{check: checkCreationLargeBlob, suits: suitsLargeBlob, input: inputCreationLargeBlob, output: outputCreationLargeBlob},
		{input: inputCredBlob, output: outputCredBlob},
		{input: inputFlags},
		{output: outputCredProps},
	}
	requestExtensions = []requestExtension{
		{check: checkAppID, output: outputAppID},
		{check: checkRequestPRF, input: inputRequestHMAC, output: outputRequestHMAC},
		{check: checkRequestLargeBlob, input: inputRequestLargeBlob, output: outputRequestLargeBlob},
		{input: inputGetCredBlob, output: outputGetCredBlob},
		{input: inputPayment},
	}
)

// checkCreation judges all inputs of a registration. Errors: *DOMError.
func checkCreation(o *creationOptions, who caller) error {
	for _, e := range creationExtensions {
		if e.check == nil {
			continue
		}
		if err := e.check(o, who); err != nil {
			return err
		}
	}
	return nil
}

// suitable tells whether the authenticator can do what the inputs of a registration insist on.
func (made *creation) suitable() bool {
	return !slices.ContainsFunc(creationExtensions, func(e creationExtension) bool { return e.suits != nil && !e.suits(made) })
}

// addInputs makes the authenticator's inputs for a registration.
func (made *creation) addInputs(ctx context.Context, c *Client) error {
	made.extensions, made.agreement = nil, nil
	for _, e := range creationExtensions {
		if e.input == nil {
			continue
		}
		if err := e.input(ctx, c, made); err != nil {
			return err
		}
	}
	made.request.Extensions = made.extensions
	return nil
}

// addOutputs makes the client extension outputs of a registration.
func (made *creation) addOutputs(ctx context.Context, c *Client) error {
	made.outputs = map[string]any{}
	for _, e := range creationExtensions {
		if e.output == nil {
			continue
		}
		if err := e.output(ctx, c, made); err != nil {
			return err
		}
	}
	if c.Misbehave.UnaskedExtension {
		made.outputs["appid"] = true
	}
	return nil
}

// checkRequest, addInputs and addOutputs are the same for an authentication.
func checkRequest(o *requestOptions, who caller) error {
	for _, e := range requestExtensions {
		if e.check == nil {
			continue
		}
		if err := e.check(o, who); err != nil {
			return err
		}
	}
	return nil
}

func (a *assertion) addInputs(ctx context.Context, c *Client) error {
	a.extensions, a.agreement = nil, nil
	for _, e := range requestExtensions {
		if e.input == nil {
			continue
		}
		if err := e.input(ctx, c, a); err != nil {
			return err
		}
	}
	a.request.Extensions = a.extensions
	return nil
}

func (a *assertion) addOutputs(ctx context.Context, c *Client) error {
	a.outputs = map[string]any{}
	for _, e := range requestExtensions {
		if e.output == nil {
			continue
		}
		if err := e.output(ctx, c, a); err != nil {
			return err
		}
	}
	if c.Misbehave.UnaskedExtension {
		a.outputs["appid"] = true
	}
	return nil
}

// inputs are extension inputs of a CTAP2 request by identifier.
type inputs map[string]cbor.RawMessage

// set encodes an input. It makes the map when there is none, so that a request without extensions has no member for them.
func (in *inputs) set(id string, value any) error {
	encoded, err := ctap2.Marshal(value)
	if err != nil {
		return err
	}
	if *in == nil {
		*in = inputs{}
	}
	(*in)[id] = encoded
	return nil
}

// signedOutput reads the output of an extension in authenticator data; false when it is absent or of another type.
func signedOutput(authData []byte, id string, into any) bool {
	data, err := authdata.Parse(authData)
	if err != nil || len(data.Extensions) == 0 {
		return false
	}
	var outputs map[string]cbor.RawMessage
	if err := ctap2.Unmarshal(data.Extensions, &outputs); err != nil {
		return false
	}
	return readOutput(outputs, id, into)
}

// readOutput reads the output of an extension from a map of them.
func readOutput(outputs map[string]cbor.RawMessage, id string, into any) bool {
	raw, found := outputs[id]
	return found && ctap2.Unmarshal(raw, into) == nil
}
