package client

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// assertion is an authentication under way: what is known of it so far.
type assertion struct {
	options       *requestOptions
	device        *device
	clientData    []byte
	rpID          string
	request       *ctap2.GetAssertionRequest
	extensions    inputs
	authorization authorization
	agreement     *agreement // for the salts of hmac-secret; nil without any
	usedAppID     bool
	signed        *ctap2.GetAssertionResponse
	outputs       map[string]any // client extension outputs
}

// Get performs an authentication ceremony (WebAuthn L3 §5.1.4): PublicKeyCredentialRequestOptionsJSON in,
// AuthenticationResponseJSON out. All errors are *DOMError.
func (c *Client) Get(ctx context.Context, optionsJSON []byte) ([]byte, error) {
	o, err := parseRequest(optionsJSON)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout(o.Timeout), errTimeout)
	defer cancel()
	a, err := c.prepareRequest(o)
	if err != nil {
		return nil, err
	}
	if a.device, err = c.inspect(ctx); err != nil {
		return nil, err
	}
	if err := c.chooseAppID(ctx, a); err != nil {
		return nil, refused(ctx, err)
	}
	g, ok := c.requestGrant(a)
	if !ok {
		return nil, refused(ctx, errNotSuitable)
	}
	if err := c.sign(ctx, a, g); err != nil {
		return nil, refused(ctx, err)
	}
	return c.authentication(ctx, a)
}

// prepareRequest does what needs no authenticator.
func (c *Client) prepareRequest(o *requestOptions) (*assertion, error) {
	who := c.caller(o.Extensions)
	rpID, err := c.rpIDFor(who.origin, o.RPID)
	if err != nil {
		return nil, err
	}
	if err := checkRequest(o, who); err != nil {
		return nil, err
	}
	if c.Misbehave.RPID != "" {
		rpID = c.Misbehave.RPID
	}
	return &assertion{options: o, rpID: rpID, clientData: c.clientData(typeGet, o.Challenge, who)}, nil
}

// requestGrant decides whether to verify the user, and what for (WebAuthn L3 §5.1.4.2). What prf evaluates is for verified
// users only (§10.1.4), and a protected authenticator lets only them write large blobs. ok is false when the authenticator
// cannot do what is required.
func (c *Client) requestGrant(a *assertion) (g grant, ok bool) {
	in := &a.options.Extensions
	g = grant{permissions: pinuv.GA, rpID: a.rpID}
	if g.verify, ok = c.verification(a.device, a.options.UserVerification); !ok {
		return g, false
	}
	needed := in.PRF.evaluates() && a.device.supports(ctap2.ExtensionHMACSecret)
	if in.LargeBlob.writes() && a.device.keepsBlobArray() {
		g.permissions |= pinuv.LBW
		needed = true
	}
	g.verify = (g.verify || needed && len(c.methods(a.device)) > 0) && !c.Misbehave.SkipVerification
	return g, true
}

// sign gets an assertion, with whatever authorization it takes.
func (c *Client) sign(ctx context.Context, a *assertion, g grant) error {
	return c.authorized(ctx, a.device, g, func(given authorization) error {
		a.authorization = given
		clientDataHash := hash(a.clientData)
		a.request = &ctap2.GetAssertionRequest{
			RPID: a.rpID, ClientDataHash: clientDataHash, Options: &ctap2.Options{},
			PINUVAuthParam: given.param(clientDataHash), PINUVAuthProtocol: given.number(),
		}
		if given.option {
			a.request.Options.UserVerification = new(true)
		}
		var err error
		if !c.Misbehave.IgnoreAllowList {
			if a.request.AllowList, err = c.allowed(ctx, a); err != nil {
				return err
			}
		}
		if err := a.addInputs(ctx, c); err != nil {
			return err
		}
		a.signed, err = c.assert(ctx, a)
		return err
	})
}

// allowed is the list for the authenticator: what can be reached and is of a known type. A list of which nothing is left must
// not become "any credential" (WebAuthn L3 §5.1.4.2). Where inputs of prf differ by credential, the one that will sign must be
// known beforehand.
func (c *Client) allowed(ctx context.Context, a *assertion) ([]ctap2.Descriptor, error) {
	list := a.options.AllowCredentials
	if len(list) == 0 {
		return nil, nil
	}
	reachable := slices.DeleteFunc(slices.Clone(list), func(e descriptor) bool { return !a.device.reaches(e.Transports) })
	found := a.device.descriptors(reachable)
	if len(found) == 0 {
		return nil, ctap2.NoCredentials
	}
	prf := a.options.Extensions.PRF
	return c.narrow(ctx, a.device, silent{
		rpID: a.rpID, list: found, authorization: a.authorization, request: a.request,
		always: prf != nil && len(prf.EvalByCredential) > 0,
	})
}

// assert gets one assertion. When the authenticator has several and lets the client choose, all are fetched first
// (CTAP 2.3 §6.3).
func (c *Client) assert(ctx context.Context, a *assertion) (*ctap2.GetAssertionResponse, error) {
	request := a.request
	first, err := c.getAssertion(ctx, a.device, request)
	if err != nil {
		return nil, err
	}
	if len(first.Credential.ID) == 0 && len(request.AllowList) == 1 {
		first.Credential = request.AllowList[0] // it may be left out then (CTAP 2.3 §6.2.2)
	}
	if first.Count < 2 || first.UserSelected || c.Choose == nil {
		return first, nil
	}
	all := []*ctap2.GetAssertionResponse{first}
	for uint(len(all)) < first.Count {
		next, err := ctap2.GetNextAssertion(ctx, c.Device)
		if err != nil {
			return nil, err
		}
		all = append(all, next)
	}
	return c.choose(ctx, all)
}

func (c *Client) choose(ctx context.Context, all []*ctap2.GetAssertionResponse) (*ctap2.GetAssertionResponse, error) {
	accounts := make([]ctap2.User, len(all))
	for i, a := range all {
		if a.User != nil {
			accounts[i] = *a.User
		}
	}
	i, err := c.Choose(ctx, accounts)
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= len(all) {
		return nil, errNoAccount
	}
	return all[i], nil
}

// errNoAccount says that Choose named an account that is not there.
var errNoAccount = errors.New("the chosen account is not in the list")

// authenticationJSON is AuthenticationResponseJSON (WebAuthn L3 §5.1, toJSON).
type authenticationJSON struct {
	ID                      string         `json:"id"`
	RawID                   base64url      `json:"rawId"`
	Type                    string         `json:"type"`
	AuthenticatorAttachment string         `json:"authenticatorAttachment"`
	ClientExtensionResults  map[string]any `json:"clientExtensionResults"`
	Response                struct {
		ClientDataJSON    base64url  `json:"clientDataJSON"`
		AuthenticatorData base64url  `json:"authenticatorData"`
		Signature         base64url  `json:"signature"`
		UserHandle        *base64url `json:"userHandle,omitempty"`
	} `json:"response"`
}

func (c *Client) authentication(ctx context.Context, a *assertion) ([]byte, error) {
	signed := a.signed
	id := []byte(signed.Credential.ID)
	if c.Misbehave.CredentialID != nil {
		id = c.Misbehave.CredentialID
	}
	var out authenticationJSON
	out.ID, out.RawID = text(id), c.rawID(id)
	out.Type = c.credentialType()
	out.AuthenticatorAttachment = c.attachment(a.device)
	if err := a.addOutputs(ctx, c); err != nil {
		return nil, refused(ctx, err)
	}
	out.ClientExtensionResults = a.outputs
	out.Response.ClientDataJSON = c.sent(a.clientData)
	out.Response.AuthenticatorData = c.tampered(signed.AuthData)
	out.Response.Signature = c.signature(signed.Signature)
	out.Response.UserHandle = c.userHandle(signed.User)
	return c.finish(out)
}

// tampered tells the lies about the authenticator data of an assertion. What cannot be read is passed on as it is: a browser
// does not look into it.
func (c *Client) tampered(authData []byte) []byte {
	data, err := authdata.Parse(authData)
	if err != nil {
		return authData
	}
	c.tamper(&data)
	return reassemble(authData, data)
}

func (c *Client) signature(honest []byte) []byte {
	if c.Misbehave.SpoilSignature && len(honest) > 0 {
		spoilt := slices.Clone(honest)
		spoilt[len(spoilt)-1] ^= 0xff
		return spoilt
	}
	return honest
}

// userHandle is nil when the authenticator told none (WebAuthn L3 §5.2.2, userHandle).
func (c *Client) userHandle(user *ctap2.User) *base64url {
	switch {
	case c.Misbehave.OmitUserHandle:
		return nil
	case c.Misbehave.UserHandle != nil:
		handle := base64url(c.Misbehave.UserHandle)
		return &handle
	case user == nil || len(user.ID) == 0:
		return nil
	}
	handle := base64url(user.ID)
	return &handle
}

// text is an id as the member "id" has it.
func text(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

func (c *Client) rawID(honest []byte) base64url {
	if c.Misbehave.RawID != nil {
		return c.Misbehave.RawID
	}
	return honest
}

func (c *Client) credentialType() string {
	if c.Misbehave.CredentialType != "" {
		return c.Misbehave.CredentialType
	}
	return ctap2.PublicKey
}

func (c *Client) attachment(d *device) string {
	if c.Misbehave.Attachment != "" {
		return c.Misbehave.Attachment
	}
	return d.attachment
}

// transports are sorted and never null (WebAuthn L3 §5.2.1, getTransports).
func (c *Client) transports(d *device) []string {
	told := d.transports
	if c.Misbehave.Transports != nil {
		told = c.Misbehave.Transports
	}
	return append([]string{}, slices.Sorted(slices.Values(told))...)
}
