package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/unicode/norm"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// PINPrompt is a question for the PIN of the authenticator.
type PINPrompt struct {
	// RPID is whose ceremony needs it.
	RPID string
	// Wrong says that the PIN given before was wrong.
	Wrong bool
	// Retries is how many wrong PINs are left before the PIN is blocked; -1 when the authenticator did not tell.
	Retries int
}

// ErrPINChangeRequired is the cause of a NotAllowedError when the authenticator takes no PIN but a new one (CTAP 2.3 §6.4,
// forcePINChange). ChangePIN gives it one.
var ErrPINChangeRequired = errors.New("client: the PIN must be changed first")

// random is where key agreement keys and nonces come from.
func (c *Client) random() io.Reader {
	if c.Rand == nil {
		return rand.Reader
	}
	return c.Rand
}

// protocol is the first PIN/UV auth protocol of the authenticator that the client knows; those of CTAP 2.0 do not tell and
// know protocol one (CTAP 2.3 §6.5.4).
func (d *device) protocol() (pinuv.Protocol, error) {
	for _, number := range d.info.PINUVAuthProtocols {
		if p := pinuv.Protocol(number); p.Known() {
			return p, nil
		}
	}
	if len(d.info.PINUVAuthProtocols) == 0 {
		return pinuv.One, nil
	}
	return 0, fmt.Errorf("%w: %v", pinuv.ErrUnsupported, d.info.PINUVAuthProtocols)
}

// agreement is one key agreement with the authenticator (CTAP 2.3 §6.5.5.4).
type agreement struct {
	protocol pinuv.Protocol
	key      []byte // the platform's public key, a COSE_Key
	secret   *pinuv.Secret
}

// request starts a clientPIN request under the agreement.
func (a *agreement) request(sub ctap2.ClientPINSubCommand) *ctap2.ClientPINRequest {
	return &ctap2.ClientPINRequest{Protocol: new(uint(a.protocol)), SubCommand: &sub, KeyAgreement: a.key}
}

func (c *Client) agree(ctx context.Context, d *device) (*agreement, error) {
	protocol, err := d.protocol()
	if err != nil {
		return nil, err
	}
	answer, err := ctap2.ClientPIN(ctx, c.Device, &ctap2.ClientPINRequest{Protocol: new(uint(protocol)), SubCommand: new(ctap2.GetKeyAgreement)})
	if err != nil {
		return nil, err
	}
	key, secret, err := protocol.Encapsulate(c.random(), answer.KeyAgreement)
	if err != nil {
		return nil, err
	}
	return &agreement{protocol: protocol, key: key, secret: secret}, nil
}

// token performs a request for a token and decrypts what comes back.
func (c *Client) token(ctx context.Context, a *agreement, request *ctap2.ClientPINRequest) (authorization, error) {
	answer, err := ctap2.ClientPIN(ctx, c.Device, request)
	if err != nil {
		return authorization{}, err
	}
	token, err := a.secret.Decrypt(answer.PINUVAuthToken)
	return authorization{protocol: a.protocol, token: token}, err
}

// tokenByUV gets a token by built-in verification, and lets the user try again as often as the authenticator likes (CTAP 2.3
// §6.5.5.7.3; §6.4, preferredPlatformUvAttempts).
func (c *Client) tokenByUV(ctx context.Context, d *device, g grant) (authorization, error) {
	for attempts := max(d.info.PreferredUVAttempts, 1); ; attempts-- {
		a, err := c.agree(ctx, d)
		if err != nil {
			return authorization{}, err
		}
		got, err := c.token(ctx, a, g.name(a.request(ctap2.GetTokenUsingUV)))
		if !errors.Is(err, ctap2.UVInvalid) || attempts <= 1 {
			return got, err
		}
	}
}

// name puts permissions and RP ID into a request for a token.
func (g grant) name(r *ctap2.ClientPINRequest) *ctap2.ClientPINRequest {
	r.Permissions, r.RPID = new(uint(g.permissions)), &g.rpID
	return r
}

// tokenByPIN asks for the PIN until it is right, blocked, or refused (CTAP 2.3 §6.5.5.7.1, §6.5.5.7.2). Each question says
// how many retries are left.
func (c *Client) tokenByPIN(ctx context.Context, d *device, m method, g grant) (authorization, error) {
	if force := d.info.ForcePINChange; force != nil && *force {
		return authorization{}, ErrPINChangeRequired
	}
	for prompt := (PINPrompt{RPID: g.rpID}); ; prompt.Wrong = true {
		var err error
		if prompt.Retries, err = c.pinRetries(ctx, d); err != nil {
			return authorization{}, err
		}
		pin, err := c.PIN(ctx, prompt)
		if err != nil {
			return authorization{}, err
		}
		got, err := c.tryPIN(ctx, d, pin, func(r *ctap2.ClientPINRequest) *ctap2.ClientPINRequest {
			if m == legacyToken {
				return r
			}
			*r.SubCommand = ctap2.GetTokenUsingPIN
			return g.name(r)
		})
		switch {
		case errors.Is(err, ctap2.PINPolicyViolation): // it says only now that the PIN must be changed
			return got, fmt.Errorf("%w: %w", ErrPINChangeRequired, err)
		case !errors.Is(err, ctap2.PINInvalid):
			return got, err
		}
	}
}

// pinRetries asks how many wrong PINs are left; -1 when the authenticator does not say. Errors: PINBlocked when there are
// none, PINAuthBlocked when the authenticator must be powered off and on first (CTAP 2.3 §6.5.5.2).
func (c *Client) pinRetries(ctx context.Context, d *device) (int, error) {
	protocol, err := d.protocol()
	if err != nil {
		return 0, err
	}
	answer, err := ctap2.ClientPIN(ctx, c.Device, &ctap2.ClientPINRequest{Protocol: new(uint(protocol)), SubCommand: new(ctap2.GetPINRetries)})
	switch {
	case err != nil:
		return 0, err
	case answer.PowerCycleState != nil && *answer.PowerCycleState:
		return 0, ctap2.PINAuthBlocked
	case answer.PINRetries == nil:
		return -1, nil
	case *answer.PINRetries == 0:
		return 0, ctap2.PINBlocked
	}
	return int(*answer.PINRetries), nil
}

// tryPIN gets a token by one PIN. Every try has a key agreement of its own: a wrong PIN ends the one it was sent under.
func (c *Client) tryPIN(ctx context.Context, d *device, pin string, shape func(*ctap2.ClientPINRequest) *ctap2.ClientPINRequest) (authorization, error) {
	a, err := c.agree(ctx, d)
	if err != nil {
		return authorization{}, err
	}
	request := a.request(ctap2.GetPINToken)
	if request.PINHashEnc, err = a.secret.Encrypt(pinHash(pin)); err != nil {
		return authorization{}, err
	}
	return c.token(ctx, a, shape(request))
}

// pinHash is the first half of the SHA-256 of a PIN in UTF-8 and normalisation form C (CTAP 2.3 §6.5.1, §6.5.5.7).
func pinHash(pin string) []byte {
	sum := sha256.Sum256(norm.NFC.Bytes([]byte(pin)))
	return sum[:16]
}

// paddedPIN is a new PIN as it travels: filled up with zeros to 64 bytes (CTAP 2.3 §6.5.5.5).
func paddedPIN(pin string) ([]byte, error) {
	padded := make([]byte, 64)
	if n := copy(padded[:63], norm.NFC.Bytes([]byte(pin))); n < len(norm.NFC.Bytes([]byte(pin))) {
		return nil, fmt.Errorf("client: a PIN has at most 63 bytes in UTF-8: %w", ctap2.PINPolicyViolation)
	}
	return padded, nil
}

// SetPIN gives the authenticator its first PIN (CTAP 2.3 §6.5.5.5). No ceremony does that by itself. It fails with the
// authenticator's Status: PINPolicyViolation for a PIN that is too short, too long or too simple, PINAuthInvalid when there is
// a PIN already.
func (c *Client) SetPIN(ctx context.Context, pin string) error {
	return c.newPIN(ctx, pin, func(a *agreement, newPIN []byte) (*ctap2.ClientPINRequest, error) {
		request := a.request(ctap2.SetPIN)
		request.NewPINEnc, request.PINUVAuthParam = newPIN, a.secret.Authenticate(newPIN)
		return request, nil
	})
}

// ChangePIN replaces the PIN (CTAP 2.3 §6.5.5.6). It fails with the authenticator's Status, as SetPIN does, and with PINInvalid,
// PINAuthBlocked or PINBlocked when the old one is wrong.
func (c *Client) ChangePIN(ctx context.Context, oldPIN, pin string) error {
	return c.newPIN(ctx, pin, func(a *agreement, newPIN []byte) (*ctap2.ClientPINRequest, error) {
		request := a.request(ctap2.ChangePIN)
		hash, err := a.secret.Encrypt(pinHash(oldPIN))
		request.NewPINEnc, request.PINHashEnc = newPIN, hash
		request.PINUVAuthParam = a.secret.Authenticate(append(append([]byte{}, newPIN...), hash...))
		return request, err
	})
}

func (c *Client) newPIN(ctx context.Context, pin string, make func(*agreement, []byte) (*ctap2.ClientPINRequest, error)) error {
	padded, err := paddedPIN(pin)
	if err != nil {
		return err
	}
	d, err := c.inspect(ctx)
	if err != nil {
		return err
	}
	a, err := c.agree(ctx, d)
	if err != nil {
		return err
	}
	encrypted, err := a.secret.Encrypt(padded)
	if err != nil {
		return err
	}
	request, err := make(a, encrypted)
	if err != nil {
		return err
	}
	_, err = ctap2.ClientPIN(ctx, c.Device, request)
	return err
}
