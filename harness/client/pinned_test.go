package client_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// pinned puts clientPIN in front of an authenticator that verifies users by itself: it stands for devices of any edition and
// mood. A request with a right token reaches the device as one with the option "uv".
type pinned struct {
	ctap2.Transport
	t         *testing.T
	pin       string // empty: not set
	retries   uint
	asleep    bool            // until the next power cycle
	force     bool            // the PIN must be changed
	uvFails   int             // how many built-in verifications fail before one succeeds
	uvBlocked bool            // from then on
	options   map[string]bool // what getInfo says beside what the device says; false removes
	protocols []uint
	attempts  uint // preferredPlatformUvAttempts

	ends    map[uint]*pinuv.Authenticator
	log     []string // what was asked of it
	granted []string // permissions and RP IDs of tokens
}

// newPinned is a security key with a PIN, of CTAP 2.1 or later.
func newPinned(t *testing.T, device ctap2.Transport) *pinned {
	t.Helper()
	p := &pinned{
		Transport: device, t: t, pin: "1234", retries: 8, protocols: []uint{2, 1}, ends: map[uint]*pinuv.Authenticator{},
		options: map[string]bool{"uv": false, "clientPin": true, "pinUvAuthToken": true},
	}
	for _, number := range []pinuv.Protocol{pinuv.One, pinuv.Two} {
		end, err := pinuv.NewAuthenticator(number, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		p.ends[uint(number)] = end
	}
	return p
}

func (p *pinned) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	switch ctap2.Command(request[0]) {
	case ctap2.CommandGetInfo:
		return p.info(ctx, request)
	case ctap2.CommandClientPIN:
		return p.answer(p.clientPIN(request[1:])), nil
	case ctap2.CommandMakeCredential:
		var r ctap2.MakeCredentialRequest
		p.decode(request[1:], &r)
		status := p.admit(&r.PINUVAuthParam, &r.PINUVAuthProtocol, admission{r.ClientDataHash, r.RP.ID, pinuv.MC}, &r.Options)
		return p.pass(ctx, request[0], &r, status)
	case ctap2.CommandGetAssertion:
		var r ctap2.GetAssertionRequest
		p.decode(request[1:], &r)
		status := p.admit(&r.PINUVAuthParam, &r.PINUVAuthProtocol, admission{r.ClientDataHash, r.RPID, pinuv.GA}, &r.Options)
		return p.pass(ctx, request[0], &r, status)
	}
	return p.Transport.Exchange(ctx, request)
}

func (p *pinned) decode(data []byte, into any) {
	p.t.Helper()
	if err := ctap2.Unmarshal(data, into); err != nil {
		p.t.Fatalf("%x: %v", data, err)
	}
}

func (p *pinned) answer(result any, err error) []byte {
	p.t.Helper()
	status, known := ctap2.StatusOf(err)
	if !known {
		p.t.Fatal(err)
	}
	if status != ctap2.OK || result == nil {
		return []byte{byte(status)}
	}
	body, err := ctap2.Marshal(result)
	if err != nil {
		p.t.Fatal(err)
	}
	return append([]byte{0}, body...)
}

func (p *pinned) info(ctx context.Context, request []byte) ([]byte, error) {
	response, err := p.Transport.Exchange(ctx, request)
	if err != nil {
		return nil, err
	}
	var info ctap2.GetInfoResponse
	p.decode(response[1:], &info)
	maps.Copy(info.Options, p.options)
	maps.DeleteFunc(info.Options, func(name string, value bool) bool { _, ours := p.options[name]; return ours && !value })
	info.PINUVAuthProtocols, info.ForcePINChange, info.PreferredUVAttempts = p.protocols, &p.force, p.attempts
	return p.answer(&info, nil), nil
}

// admission is what a command needs a token for.
type admission struct {
	message    []byte
	rpID       string
	permission pinuv.Permissions
}

// admit judges a token, and turns it into the option "uv".
func (p *pinned) admit(param *ctap2.Bytes, number *uint, need admission, options **ctap2.Options) ctap2.Status {
	wanted := *options != nil && (*options).UserVerification != nil
	switch {
	case *param == nil && wanted && p.uvBlocked:
		return ctap2.PUATRequired
	case *param == nil && p.options["alwaysUv"] && !wanted:
		return ctap2.PUATRequired
	case *param == nil:
		return ctap2.OK
	}
	token := &p.ends[*number].Token
	if p.ends[*number].Verify(clock{}.Now(), need.message, *param) != nil || !token.Has(need.permission) || token.RPID() != "" && token.RPID() != need.rpID {
		return ctap2.PINAuthInvalid
	}
	*param, *number = nil, 0
	if *options == nil {
		*options = &ctap2.Options{}
	}
	if (*options).UserPresence == nil {
		(*options).UserVerification = new(true)
	}
	return ctap2.OK
}

func (p *pinned) pass(ctx context.Context, command byte, request any, status ctap2.Status) ([]byte, error) {
	p.log = append(p.log, ctap2.Command(command).String())
	if status != ctap2.OK {
		return []byte{byte(status)}, nil
	}
	body, err := ctap2.EncodeRequest(ctap2.Command(command), request)
	if err != nil {
		return nil, err
	}
	return p.Transport.Exchange(ctx, body)
}

func (p *pinned) clientPIN(data []byte) (any, error) {
	var r ctap2.ClientPINRequest
	p.decode(data, &r)
	if r.Protocol == nil || !slices.Contains(append(p.protocols, 1), *r.Protocol) {
		return nil, ctap2.InvalidParameter
	}
	end := p.ends[*r.Protocol]
	switch *r.SubCommand {
	case ctap2.GetPINRetries:
		return &ctap2.ClientPINResponse{PINRetries: &p.retries, PowerCycleState: &p.asleep}, nil
	case ctap2.GetKeyAgreement:
		return &ctap2.ClientPINResponse{KeyAgreement: end.PublicKey()}, nil
	}
	p.log = append(p.log, fmt.Sprintf("clientPIN %d", *r.SubCommand))
	secret, err := end.Decapsulate(r.KeyAgreement)
	if err != nil {
		return nil, err
	}
	switch *r.SubCommand {
	case ctap2.SetPIN, ctap2.ChangePIN:
		return nil, p.setPIN(&r, secret)
	case ctap2.GetTokenUsingUV:
		if p.uvFails > 0 {
			p.uvFails--
			return nil, ctap2.UVInvalid
		}
		if p.uvBlocked {
			return nil, ctap2.UVBlocked
		}
	default:
		if err := p.check(r.PINHashEnc, secret, end); err != nil {
			return nil, err
		}
	}
	return p.issue(&r, secret, end)
}

// check judges an encrypted PIN.
func (p *pinned) check(encrypted []byte, secret *pinuv.Secret, end *pinuv.Authenticator) error {
	if p.force {
		return ctap2.PINPolicyViolation
	}
	hash, err := secret.Decrypt(encrypted)
	if err != nil {
		return ctap2.InvalidParameter
	}
	if right := sha256.Sum256([]byte(p.pin)); !slices.Equal(hash, right[:16]) {
		p.retries--
		if err := end.Regenerate(); err != nil {
			p.t.Fatal(err)
		}
		if p.retries == 0 {
			return ctap2.PINBlocked
		}
		return ctap2.PINInvalid
	}
	p.retries = 8
	return nil
}

func (p *pinned) issue(r *ctap2.ClientPINRequest, secret *pinuv.Secret, end *pinuv.Authenticator) (any, error) {
	permissions, rpID := pinuv.MC|pinuv.GA, ""
	if *r.SubCommand != ctap2.GetPINToken {
		permissions, rpID = pinuv.Permissions(*r.Permissions), *r.RPID
	}
	if err := end.ResetToken(); err != nil {
		return nil, err
	}
	end.Token.BeginUsing(clock{}.Now(), false)
	end.Token.Grant(permissions, rpID)
	p.granted = append(p.granted, fmt.Sprintf("%#x for %q", uint(permissions), rpID))
	encrypted, err := secret.Encrypt(end.Token.Value())
	return &ctap2.ClientPINResponse{PINUVAuthToken: encrypted}, err
}

// setPIN checks a new PIN's authentication and keeps it.
func (p *pinned) setPIN(r *ctap2.ClientPINRequest, secret *pinuv.Secret) error {
	if secret.Verify(slices.Concat(r.NewPINEnc, r.PINHashEnc), r.PINUVAuthParam) != nil {
		return ctap2.PINAuthInvalid
	}
	if (*r.SubCommand == ctap2.SetPIN) == (p.pin != "") {
		return ctap2.PINAuthInvalid
	}
	if *r.SubCommand == ctap2.ChangePIN {
		hash, err := secret.Decrypt(r.PINHashEnc)
		if right := sha256.Sum256([]byte(p.pin)); err != nil || !slices.Equal(hash, right[:16]) {
			return ctap2.PINInvalid
		}
	}
	padded, err := secret.Decrypt(r.NewPINEnc)
	if err != nil || len(padded) != 64 {
		return ctap2.InvalidParameter
	}
	p.pin, p.force = string(padded[:slices.Index(padded, 0)]), false
	if len(p.pin) < 4 {
		return ctap2.PINPolicyViolation
	}
	return nil
}
