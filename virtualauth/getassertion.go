package virtualauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// nextAssertionLimit is how long getNextAssertion may take to follow; each one starts it anew (CTAP 2.3 §6.3).
const nextAssertionLimit = 30 * time.Second

// assertions is what one getAssertion leaves for getNextAssertion.
type assertions struct {
	ceremony  assertion
	remaining [][]byte // credential ids
	until     time.Time
}

// assertion is what was decided about an assertion.
type assertion struct {
	request *ctap2.GetAssertionRequest
	gesture gesture
	effects []effect // of extensions
	several bool     // several accounts, and no display to choose on: their names are told
}

// getAssertion is authenticatorGetAssertion (CTAP 2.3 §6.2.2): it judges the request, finds credentials, asks the user
// one question, and signs.
func (a *Authenticator) getAssertion(ctx context.Context, r *ctap2.GetAssertionRequest) (*ctap2.GetAssertionResponse, error) {
	if r.RPID == "" {
		return nil, ctap2.MissingParameter
	}
	if err := checkHash(r.ClientDataHash); err != nil {
		return nil, err
	}
	p := newProof(r.PINUVAuthProtocol, r.PINUVAuthParam, r.ClientDataHash, r.Options)
	if err := a.open(ctx, p, r.RPID); err != nil {
		return nil, err
	}
	want, err := a.getAssertionOptions(r.Options, &p)
	if err != nil {
		return nil, err
	}
	proven, err := p.byToken(a, pinuv.GA, r.RPID)
	if err != nil {
		return nil, err
	}
	allowed, err := a.checkList(r.AllowList)
	if err != nil {
		return nil, err
	}
	g := gesture{present: want.presence, verified: proven.verified || want.verification}
	found := a.locate(search{r.RPID, len(r.AllowList) > 0 && !a.Misbehave.IgnoreAllowList, allowed, g.verified})
	chosen, err := a.consentToSign(ctx, r.RPID, signing{want, proven}, found)
	if err != nil {
		return nil, err
	}
	if want.presence {
		a.endGesture()
	}
	effects, err := a.judgeAssertion(r, g)
	if err != nil {
		return nil, err
	}
	ceremony := assertion{
		request: r, gesture: g, effects: effects,
		several: len(found) > 1 && !a.model.Display,
	}
	return a.firstAssertion(ctx, ceremony, found, chosen)
}

// getAssertionOptions applies the option steps of CTAP 2.3 §6.2.2, and may switch built-in verification on.
func (a *Authenticator) getAssertionOptions(o *ctap2.Options, p *proof) (want wanted, err error) {
	if o == nil {
		o = &ctap2.Options{}
	}
	if o.ResidentKey != nil {
		return wanted{}, ctap2.UnsupportedOption
	}
	want.presence = o.UserPresence == nil || *o.UserPresence
	if want.presence {
		if err := p.always(a); err != nil {
			return wanted{}, err
		}
	}
	want.verification = p.uv
	return want, nil
}

// signing is how the user of a getAssertion takes part.
type signing struct {
	want   wanted
	proven gesture // by a token
}

// consentToSign asks the one question that fits and returns the index of the credential to use first. When nothing was found
// it still asks where presence is wanted, so that a site cannot probe for credentials behind the user's back.
func (a *Authenticator) consentToSign(ctx context.Context, rpID string, s signing, found []Credential) (chosen int, err error) {
	want := s.want
	prompt := Prompt{Reason: ToSignIn, RPID: rpID, Verify: want.verification}
	for i, c := range found {
		if i == 0 {
			prompt.RPName = c.RPName // as the newest credential knows it
		}
		prompt.Accounts = append(prompt.Accounts, c.account())
	}
	if len(found) == 0 {
		prompt.Reason, prompt.Verify = ToExplainNone, false
		if want.presence {
			if _, err := a.askFor(ctx, prompt, s.proven); errors.Is(err, ctap2.KeepAliveCancel) || isFailure(err) {
				return 0, err
			}
		}
		return 0, ctap2.NoCredentials
	}
	if !want.presence && !want.verification {
		return 0, nil
	}
	proven := s.proven
	proven.present = proven.present && !(a.model.Display && len(found) > 1) // there is a choice to make
	consent, err := a.askFor(ctx, prompt, proven)
	if err != nil {
		return 0, err
	}
	if !a.model.Display {
		return 0, nil
	}
	if consent.Account < 0 || consent.Account >= len(found) {
		return 0, fmt.Errorf("the user chose account %d of %d", consent.Account, len(found))
	}
	return consent.Account, nil
}

// firstAssertion signs with the chosen credential and leaves the others for getNextAssertion.
func (a *Authenticator) firstAssertion(ctx context.Context, ceremony assertion, found []Credential, chosen int) (*ctap2.GetAssertionResponse, error) {
	response, err := a.assert(ctx, ceremony, found[chosen].ID)
	if err != nil || len(found) == 1 {
		return response, err
	}
	if a.model.Display {
		response.UserSelected = true
		return response, nil
	}
	response.Count = uint(len(found))
	left := &assertions{ceremony: ceremony, until: a.world.Clock.Now().Add(nextAssertionLimit)}
	for _, c := range found[1:] {
		left.remaining = append(left.remaining, c.ID)
	}
	a.setPending(left)
	return response, nil
}

// getNextAssertion is authenticatorGetNextAssertion (CTAP 2.3 §6.3).
func (a *Authenticator) getNextAssertion(ctx context.Context) (*ctap2.GetAssertionResponse, error) {
	ceremony, id, err := a.takePending()
	if err != nil {
		return nil, err
	}
	return a.assert(ctx, ceremony, id)
}

func (a *Authenticator) setPending(left *assertions) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = left
}

// takePending takes one of the remaining credentials, or fails with NOT_ALLOWED.
func (a *Authenticator) takePending() (assertion, []byte, error) {
	now := a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	left := a.pending
	if left == nil || len(left.remaining) == 0 || now.After(left.until) && !a.Misbehave.KeepAssertions {
		a.pending = nil
		return assertion{}, nil, ctap2.NotAllowed
	}
	id := left.remaining[0]
	left.remaining, left.until = left.remaining[1:], now.Add(nextAssertionLimit)
	return left.ceremony, id, nil
}

// assert signs with one credential (CTAP 2.3 §6.2.2, last step; WebAuthn L3 §6.3.3).
func (a *Authenticator) assert(ctx context.Context, ceremony assertion, id []byte) (*ctap2.GetAssertionResponse, error) {
	r, err := a.use(ctx, id)
	if err != nil {
		return nil, err
	}
	outputs, err := a.extend(ctx, ceremony.effects, r)
	if err != nil {
		return nil, err
	}
	extensions, err := outputs.encodeSigned()
	if err != nil {
		return nil, err
	}
	c := r.Credential
	authData := a.authData(c, ceremony.gesture, nil, extensions)
	message := append(authData, ceremony.request.ClientDataHash...)
	if a.Misbehave.SignAuthDataOnly {
		message = authData
	}
	signature, err := a.storeOf(r).Sign(ctx, r.handle, message)
	if err != nil {
		return nil, keyError(err)
	}
	return &ctap2.GetAssertionResponse{
		Credential: ctap2.Descriptor{ID: a.answerID(c), Type: ctap2.PublicKey},
		AuthData:   a.spoilSigned(authData), Signature: a.spoilSignature(signature), User: a.userOf(c, ceremony),
		LargeBlobKey: outputs.largeBlobKey, UnsignedExtensions: outputs.unsigned,
	}, nil
}

// use counts a use of a credential, which is gone if it was deleted while the user made up her mind. It returns a copy.
func (a *Authenticator) use(ctx context.Context, id []byte) (*record, error) {
	now := a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.vault.find(id)
	if r == nil {
		return nil, ctap2.NoCredentials
	}
	if err := a.change(ctx, r, func(c *Credential) {
		c.LastUsedAt = now
		if !c.NeverCounts {
			c.SignCount = a.nextCount(c.SignCount)
		}
	}); err != nil {
		return nil, err
	}
	return r.copied(), nil
}

// nextCount is the signature counter of an assertion (WebAuthn L3 §6.1.1): one counter a credential, one up each time.
func (a *Authenticator) nextCount(last uint32) uint32 {
	switch {
	case a.model.ZeroCounter:
		return 0
	case a.Misbehave.FixedCounter:
		return last
	case a.Misbehave.CounterGoesBack:
		return max(last, 1) - 1
	}
	return last + 1
}

// answerID is the credential id in an assertion.
func (a *Authenticator) answerID(c Credential) []byte {
	if a.Misbehave.AnswerID != nil {
		return a.Misbehave.AnswerID
	}
	return c.ID
}

// userOf is the user member of a response (CTAP 2.3 §6.2.2, response structure): for discoverable credentials only; names
// only where a client has to let the user choose, and only for a verified user.
func (a *Authenticator) userOf(c Credential, ceremony assertion) *ctap2.User {
	if !c.Discoverable || a.Misbehave.OmitUser {
		return nil
	}
	user := &ctap2.User{ID: c.UserHandle}
	if a.Misbehave.UserHandle != nil {
		user.ID = a.Misbehave.UserHandle
	}
	if ceremony.several && ceremony.gesture.verified || a.Misbehave.LeakNames {
		user.Name, user.DisplayName = c.UserName, c.UserDisplayName
	}
	return user
}

// isFailure reports whether err is a failure of the surroundings and no status.
func isFailure(err error) bool {
	_, isStatus := ctap2.StatusOf(err)
	return !isStatus
}

// keyError turns what a key store says into a status where there is one.
func keyError(err error) error {
	if errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
		return ctap2.UnsupportedAlgorithm
	}
	return err
}
