package client

import (
	"context"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Create performs a registration ceremony (WebAuthn L3 §5.1.3): PublicKeyCredentialCreationOptionsJSON in,
// RegistrationResponseJSON out. All errors are *DOMError.
func (c *Client) Create(ctx context.Context, optionsJSON []byte) ([]byte, error) {
	o, err := parseCreation(optionsJSON)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout(o.Timeout), errTimeout)
	defer cancel()
	who := c.caller(o.Extensions)
	rpID, err := chooseRPID(who.origin, o.RP.ID)
	if err != nil {
		return nil, err
	}
	offered, err := o.algorithms()
	if err != nil {
		return nil, err
	}
	if c.Misbehave.RPID != "" {
		rpID = c.Misbehave.RPID
	}
	if c.Misbehave.Algorithms != nil {
		offered = parametersOf(c.Misbehave.Algorithms)
	}
	d, err := c.inspect(ctx)
	if err != nil {
		return nil, err
	}
	clientData := c.clientData(typeCreate, o.Challenge, who)
	request := &ctap2.MakeCredentialRequest{
		ClientDataHash: hash(clientData),
		RP:             ctap2.RelyingParty{ID: rpID, Name: o.RP.Name},
		User:           ctap2.User{ID: ctap2.Bytes(o.User.ID), Name: o.User.Name, DisplayName: o.User.DisplayName},
		Parameters:     offered,
	}
	if request.Options, err = c.creationChoices(o, d); err != nil {
		return nil, err
	}
	if len(d.info.AttestationFormats) > 0 { // CTAP 2.2: others would not know the parameter
		request.AttestationFormats = o.formats()
	}
	if !c.Misbehave.IgnoreExcludeList {
		if request.ExcludeList, err = c.narrow(ctx, d, rpID, d.descriptors(o.ExcludeCredentials)); err != nil {
			return nil, refused(ctx, err)
		}
	}
	made, err := ctap2.MakeCredential(ctx, c.Device, request)
	if err != nil {
		return nil, refused(ctx, err)
	}
	return c.registration(creation{options: o, device: d, request: request, response: made, clientData: clientData})
}

func parametersOf(algorithms []cose.Algorithm) []ctap2.Parameters {
	var out []ctap2.Parameters
	for _, a := range algorithms {
		out = append(out, ctap2.Parameters{Type: ctap2.PublicKey, Algorithm: a})
	}
	return out
}

// creationChoices decides on "rk" and "uv" (WebAuthn L3 §5.1.3 step 21), and whether this authenticator will do at all.
func (c *Client) creationChoices(o *creationOptions, d *device) (*ctap2.Options, error) {
	unfit := &DOMError{Name: NotAllowedError, Message: "The ceremony took too long or was refused.", Cause: errNotSuitable}
	if wanted := o.AuthenticatorSelection.AuthenticatorAttachment; (wanted == Platform || wanted == CrossPlatform) && wanted != d.attachment {
		return nil, unfit
	}
	able := d.info.Options["rk"]
	requirement := o.residentKey()
	if requirement == required && !able {
		return nil, unfit
	}
	rk := requirement == required || requirement == preferred && able
	uv, ok := d.verification(o.AuthenticatorSelection.UserVerification)
	if !ok {
		return nil, unfit
	}
	// A protected authenticator makes a credential unverified only if it says so, and never a discoverable one
	// (CTAP 2.2 §6.1.2, makeCredUvNotRqd): then even "discouraged" verifies.
	if d.info.Options["uv"] && (rk || !d.info.Options["makeCredUvNotRqd"]) {
		uv = true
	}
	if c.Misbehave.SkipDiscoverable {
		rk = false
	}
	if c.Misbehave.SkipVerification {
		uv = false
	}
	return choices(rk, uv), nil
}

// choices leaves out what is false: the defaults, which some authenticators do not know by name.
func choices(rk, uv bool) *ctap2.Options {
	o := &ctap2.Options{}
	if rk {
		o.ResidentKey = &rk
	}
	if uv {
		o.UserVerification = &uv
	}
	return o
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

// narrow makes a list short enough for the authenticator, which may limit how many entries it takes: it asks silently, piece by
// piece, and keeps the entry that the authenticator knows (CTAP 2.2 §6.1.2 and §6.2.2, notes on long lists). When it knows
// none, the last piece is left, so that it finds that out by itself.
func (c *Client) narrow(ctx context.Context, d *device, rpID string, list []ctap2.Descriptor) ([]ctap2.Descriptor, error) {
	limit := int(d.info.MaxCredentialsInList)
	if limit == 0 {
		limit = 1 // CTAP 2.2 §6.4: an authenticator that does not tell takes one
	}
	if len(list) <= limit {
		return list, nil
	}
	no := false
	for start := 0; start < len(list); start += limit {
		piece := list[start:min(start+limit, len(list))]
		found, err := ctap2.GetAssertion(ctx, c.Device, &ctap2.GetAssertionRequest{
			RPID: rpID, ClientDataHash: make([]byte, 32), AllowList: piece, Options: &ctap2.Options{UserPresence: &no},
		})
		if err != nil {
			if isNoCredentials(err) {
				continue
			}
			return nil, err
		}
		if len(found.Credential.ID) > 0 {
			return []ctap2.Descriptor{{ID: found.Credential.ID, Type: ctap2.PublicKey}}, nil
		}
		return piece, nil // of one entry: the authenticator may leave out which
	}
	return list[(len(list)-1)/limit*limit:], nil
}
