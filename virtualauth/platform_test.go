package virtualauth_test

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// platform is a client of a stage that speaks one PIN/UV auth protocol.
type platform struct {
	*stage
	protocol pinuv.Protocol
	random   *rand.ChaCha8
}

func (s *stage) platform(protocol pinuv.Protocol) *platform {
	return &platform{stage: s, protocol: protocol, random: seeded(byte(0x40 + protocol))}
}

// withPIN is a stage of a model that takes PINs, with this PIN set, and a platform that speaks protocol two.
func withPIN(t testing.TB, model virtualauth.Model, pin string) *platform {
	t.Helper()
	model.PIN.Supported = true
	p := newStage(t, model).platform(pinuv.Two)
	if err := p.setPIN(pin); err != nil {
		t.Fatal(err)
	}
	return p
}

// both runs a test with each protocol.
func both(t *testing.T, run func(*testing.T, pinuv.Protocol)) {
	t.Run("protocol one", func(t *testing.T) { run(t, pinuv.One) })
	t.Run("protocol two", func(t *testing.T) { run(t, pinuv.Two) })
}

// call sends a clientPIN request for a sub-command, with this platform's protocol unless the request names one.
func (p *platform) call(sub ctap2.ClientPINSubCommand, r ctap2.ClientPINRequest) (*ctap2.ClientPINResponse, error) {
	r.SubCommand = &sub
	if r.Protocol == nil {
		r.Protocol = new(uint(p.protocol))
	}
	return ctap2.ClientPIN(p.t.Context(), p, &r)
}

// agree performs the key agreement.
func (p *platform) agree() (key []byte, secret *pinuv.Secret) {
	p.t.Helper()
	response, err := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	key, secret, err = p.protocol.Encapsulate(p.random, response.KeyAgreement)
	if err != nil {
		p.t.Fatal(err)
	}
	return key, secret
}

func (p *platform) encrypt(secret *pinuv.Secret, plaintext []byte) []byte {
	p.t.Helper()
	encrypted, err := secret.Encrypt(plaintext)
	if err != nil {
		p.t.Fatal(err)
	}
	return encrypted
}

// padded is a PIN filled up with zeros to 64 bytes.
func padded(pin string) []byte { return append([]byte(pin), make([]byte, max(64-len(pin), 0))...) }

func pinHash(pin string) []byte {
	hash := sha256.Sum256([]byte(pin))
	return hash[:16]
}

func (p *platform) setPIN(pin string) error { return p.setPadded(padded(pin)) }

// setPadded sets a PIN that was filled up already, or never.
func (p *platform) setPadded(plaintext []byte) error {
	p.t.Helper()
	key, secret := p.agree()
	encrypted := p.encrypt(secret, plaintext)
	_, err := p.call(ctap2.SetPIN, ctap2.ClientPINRequest{
		KeyAgreement: key, NewPINEnc: encrypted, PINUVAuthParam: secret.Authenticate(encrypted),
	})
	return err
}

func (p *platform) changePIN(from, to string) error {
	p.t.Helper()
	key, secret := p.agree()
	newPIN, hash := p.encrypt(secret, padded(to)), p.encrypt(secret, pinHash(from))
	_, err := p.call(ctap2.ChangePIN, ctap2.ClientPINRequest{
		KeyAgreement: key, NewPINEnc: newPIN, PINHashEnc: hash, PINUVAuthParam: secret.Authenticate(slices.Concat(newPIN, hash)),
	})
	return err
}

// wanted are permissions and an RP ID that a token shall have.
type wanted struct {
	permissions pinuv.Permissions
	rpID        string
}

func (w wanted) request() ctap2.ClientPINRequest {
	r := ctap2.ClientPINRequest{Permissions: new(uint(w.permissions))}
	if w.rpID != "" {
		r.RPID = &w.rpID
	}
	return r
}

// tokenBy asks for a token by a sub-command; the PIN is left out for built-in verification.
func (p *platform) tokenBy(sub ctap2.ClientPINSubCommand, pin string, r ctap2.ClientPINRequest) ([]byte, error) {
	p.t.Helper()
	key, secret := p.agree()
	r.KeyAgreement = key
	if sub != ctap2.GetTokenUsingUV {
		r.PINHashEnc = p.encrypt(secret, pinHash(pin))
	}
	response, err := p.call(sub, r)
	if err != nil {
		return nil, err
	}
	token, err := secret.Decrypt(response.PINUVAuthToken)
	if err != nil {
		p.t.Fatal(err)
	}
	return token, nil
}

// tokenByPIN asks for a token with permissions.
func (p *platform) tokenByPIN(pin string, w wanted) ([]byte, error) {
	p.t.Helper()
	return p.tokenBy(ctap2.GetTokenUsingPIN, pin, w.request())
}

// legacyToken asks for a token without naming permissions.
func (p *platform) legacyToken(pin string) ([]byte, error) {
	p.t.Helper()
	return p.tokenBy(ctap2.GetPINToken, pin, ctap2.ClientPINRequest{})
}

// tokenByUV asks for a token by built-in verification.
func (p *platform) tokenByUV(w wanted) ([]byte, error) {
	p.t.Helper()
	return p.tokenBy(ctap2.GetTokenUsingUV, "", w.request())
}

// must insists on a token.
func (p *platform) must(token []byte, err error) []byte {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

// create registers a user under a token; edits may change the request before the token signs.
func (p *platform) create(token []byte, user string, edits ...func(*ctap2.MakeCredentialRequest)) (*ctap2.MakeCredentialResponse, error) {
	p.t.Helper()
	r := registration(user)
	r.Options.UserVerification = nil
	for _, edit := range edits {
		edit(r)
	}
	r.PINUVAuthParam, r.PINUVAuthProtocol = p.protocol.Authenticate(token, r.ClientDataHash), uint(p.protocol)
	return ctap2.MakeCredential(p.t.Context(), p, r)
}

// assert signs in under a token.
func (p *platform) assert(token []byte, edits ...func(*ctap2.GetAssertionRequest)) (*ctap2.GetAssertionResponse, error) {
	p.t.Helper()
	r := authentication()
	r.Options = nil
	for _, edit := range edits {
		edit(r)
	}
	r.PINUVAuthParam, r.PINUVAuthProtocol = p.protocol.Authenticate(token, r.ClientDataHash), uint(p.protocol)
	return ctap2.GetAssertion(p.t.Context(), p, r)
}

// config performs a sub-command of authenticatorConfig; a nil token leaves the authorization out.
func (p *platform) config(token []byte, sub ctap2.ConfigSubCommand, parameters any) error {
	p.t.Helper()
	r := &ctap2.ConfigRequest{SubCommand: &sub}
	if parameters != nil {
		encoded, err := ctap2.Marshal(parameters)
		if err != nil {
			p.t.Fatal(err)
		}
		r.Parameters = encoded
	}
	if token != nil {
		r.Protocol = new(uint(p.protocol))
		r.PINUVAuthParam = p.protocol.Authenticate(token, ctap2.ConfigMessage(sub, r.Parameters))
	}
	return ctap2.Config(p.t.Context(), p, r)
}

// retries returns pinRetries and powerCycleState.
func (p *platform) retries() (left uint, locked bool) {
	p.t.Helper()
	response, err := p.call(ctap2.GetPINRetries, ctap2.ClientPINRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	return *response.PINRetries, response.PowerCycleState != nil && *response.PowerCycleState
}

// uvRetries returns that number.
func (p *platform) uvRetries() uint {
	p.t.Helper()
	response, err := p.call(ctap2.GetUVRetries, ctap2.ClientPINRequest{})
	if err != nil {
		p.t.Fatal(err)
	}
	return *response.UVRetries
}

// info returns getInfo.
func (s *stage) info() *ctap2.GetInfoResponse {
	s.t.Helper()
	info, err := ctap2.GetInfo(s.t.Context(), s)
	if err != nil {
		s.t.Fatal(err)
	}
	return info
}

// expect compares a status.
func (s *stage) expect(what string, err error, want ctap2.Status) {
	s.t.Helper()
	if got := s.statusOf(err); got != want {
		s.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// The same seed gives the same keys, tokens and IVs.
func TestTheSameSeedGivesTheSameTokens(t *testing.T) {
	var runs [2][][]byte
	for i := range runs {
		p := withPIN(t, everything, pin)
		_, _ = p.legacyToken(wrong)
		response, err := p.call(ctap2.GetKeyAgreement, ctap2.ClientPINRequest{})
		if err != nil {
			t.Fatal(err)
		}
		info := p.info()
		runs[i] = [][]byte{
			response.KeyAgreement, p.must(p.legacyToken(pin)), p.must(p.tokenByPIN(pin, wanted{permissions: pinuv.PCMR})),
			info.EncIdentifier, info.EncCredStoreState,
		}
	}
	for i := range runs[0] {
		if !slices.Equal(runs[0][i], runs[1][i]) {
			t.Errorf("value %d: %x, then %x", i, runs[0][i], runs[1][i])
		}
	}
}
