package client

import (
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// creation is a registration under way: what is known of it so far.
type creation struct {
	options       *creationOptions
	device        *device
	clientData    []byte
	request       *ctap2.MakeCredentialRequest
	choices       ctap2.Options // without "uv", which follows from the authorization
	extensions    inputs
	authorization authorization
	agreement     *agreement // for the salts of hmac-secret-mc; nil without any
	response      *ctap2.MakeCredentialResponse
	outputs       map[string]any // client extension outputs
}

// Create performs a registration ceremony (WebAuthn L3 §5.1.3): PublicKeyCredentialCreationOptionsJSON in,
// RegistrationResponseJSON out. All errors are *DOMError.
func (c *Client) Create(ctx context.Context, optionsJSON []byte) ([]byte, error) {
	o, err := parseCreation(optionsJSON)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout(o.Timeout), errTimeout)
	defer cancel()
	made, err := c.prepareCreation(o)
	if err != nil {
		return nil, err
	}
	if made.device, err = c.inspect(ctx); err != nil {
		return nil, err
	}
	verify, err := c.creationChoices(made)
	if err != nil {
		return nil, err
	}
	if err := c.excludedByAppID(ctx, made); err != nil {
		return nil, refused(ctx, err)
	}
	g := grant{verify: verify, permissions: pinuv.MC, rpID: made.request.RP.ID}
	if len(o.ExcludeCredentials) > 1 {
		g.permissions |= pinuv.GA // to ask silently which of them the authenticator knows
	}
	err = c.authorized(ctx, made.device, g, func(a authorization) error { return c.make(ctx, made, a) })
	if err != nil {
		return nil, refused(ctx, err)
	}
	return c.registration(ctx, made)
}

// prepareCreation does what needs no authenticator.
func (c *Client) prepareCreation(o *creationOptions) (*creation, error) {
	who := c.caller(o.Extensions)
	rpID, err := c.rpIDFor(who.origin, o.RP.ID)
	if err != nil {
		return nil, err
	}
	offered, err := o.algorithms()
	if err != nil {
		return nil, err
	}
	if err := checkCreation(o, who); err != nil {
		return nil, err
	}
	if c.Misbehave.RPID != "" {
		rpID = c.Misbehave.RPID
	}
	if c.Misbehave.Algorithms != nil {
		offered = parametersOf(c.Misbehave.Algorithms)
	}
	clientData := c.clientData(typeCreate, o.Challenge, who)
	return &creation{options: o, clientData: clientData, request: &ctap2.MakeCredentialRequest{
		ClientDataHash: hash(clientData),
		RP:             ctap2.RelyingParty{ID: rpID, Name: o.RP.Name},
		User:           ctap2.User{ID: ctap2.Bytes(o.User.ID), Name: o.User.Name, DisplayName: o.User.DisplayName},
		Parameters:     offered,
	}}, nil
}

// make performs authenticatorMakeCredential under an authorization.
func (c *Client) make(ctx context.Context, made *creation, a authorization) (err error) {
	made.authorization = a
	request, choices := made.request, made.choices
	if request.Options = &choices; a.option {
		request.Options.UserVerification = new(true)
	}
	if len(made.device.info.AttestationFormats) > 0 { // CTAP 2.2: others would not know the parameter
		request.AttestationFormats = made.options.formats()
	}
	request.EnterpriseAttestation = c.enterprise(made)
	request.PINUVAuthParam, request.PINUVAuthProtocol = a.param(request.ClientDataHash), a.number()
	if err := made.addInputs(ctx, c); err != nil {
		return err
	}
	request.ExcludeList = nil
	if !c.Misbehave.IgnoreExcludeList {
		q := silent{rpID: request.RP.ID, list: made.device.descriptors(made.options.ExcludeCredentials), authorization: a, request: request}
		if request.ExcludeList, err = c.narrow(ctx, made.device, q); err != nil {
			return err
		}
	}
	made.response, err = c.makeCredential(ctx, made.device, request)
	return err
}

// Types of enterprise attestation (CTAP 2.3 §7.1).
const (
	vendorFacilitated = 1
	platformManaged   = 2
)

// enterprise is the type of enterprise attestation to ask for; nil unless the options want it and the authenticator has it
// enabled (WebAuthn L3 §5.1.3 step 22, enterpriseAttestationPossible).
func (c *Client) enterprise(made *creation) *uint {
	switch {
	case made.options.conveyance() != "enterprise" || !made.device.info.Options["ep"]:
		return nil
	case slices.Contains(c.EnterpriseRPIDs, made.request.RP.ID):
		return new(uint(platformManaged))
	}
	return new(uint(vendorFacilitated))
}

func parametersOf(algorithms []cose.Algorithm) []ctap2.Parameters {
	var out []ctap2.Parameters
	for _, a := range algorithms {
		out = append(out, ctap2.Parameters{Type: ctap2.PublicKey, Algorithm: a})
	}
	return out
}

// creationChoices decides on the options and on whether to verify the user (WebAuthn L3 §5.1.3 step 22), and whether this
// authenticator will do at all.
func (c *Client) creationChoices(made *creation) (verify bool, err error) {
	o, d := made.options, made.device
	unfit := &DOMError{Name: NotAllowedError, Message: "The ceremony took too long or was refused.", Cause: errNotSuitable}
	if wanted := o.AuthenticatorSelection.AuthenticatorAttachment; (wanted == Platform || wanted == CrossPlatform) && wanted != d.attachment {
		return false, unfit
	}
	able, requirement := d.info.Options["rk"], o.residentKey()
	rk := requirement == required || requirement == preferred && able
	if rk && !c.Misbehave.SkipDiscoverable { // what is false is left out: some authenticators do not know its name
		made.choices.ResidentKey = new(true)
	}
	verify, ok := c.verification(d, o.AuthenticatorSelection.UserVerification)
	if !ok || rk && !able || !made.suitable() {
		return false, unfit
	}
	// A protected authenticator makes a credential unverified only if it says so, and never a discoverable one
	// (CTAP 2.3 §6.1.2, makeCredUvNotRqd): then even "discouraged" verifies. So does what prf evaluates (WebAuthn L3 §10.1.4).
	needed := d.protected() && (rk || !d.info.Options["makeCredUvNotRqd"]) || o.Extensions.PRF.evaluates() && d.supports(ctap2.ExtensionHMACSecretMC)
	return (verify || needed && len(c.methods(d)) > 0) && !c.Misbehave.SkipVerification, nil
}

// formats is what to ask of the authenticator: with "none" a statement would be thrown away, so none is asked for.
func (o *creationOptions) formats() []string {
	if o.conveyance() == "none" {
		return []string{"none"}
	}
	return o.AttestationFormats
}

// conveyance is the attestation conveyance preference; unknown values count as none (WebAuthn L3 §5.4.7).
func (o *creationOptions) conveyance() string {
	switch o.Attestation {
	case "direct", "indirect", "enterprise":
		return o.Attestation
	}
	return "none"
}
