package virtualauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// nextAssertionLimit is how long getNextAssertion may take to follow; each one starts it anew (CTAP 2.2 §6.3).
const nextAssertionLimit = 30 * time.Second

// assertions is what one getAssertion leaves for getNextAssertion.
type assertions struct {
	ceremony  assertion
	remaining [][]byte // credential ids
	until     time.Time
}

// assertion is what was decided about an assertion.
type assertion struct {
	clientDataHash []byte
	gesture        gesture
	several        bool // several accounts, and no display to choose on: their names are told
}

// getAssertion is authenticatorGetAssertion (CTAP 2.2 §6.2.2): it judges the request, finds credentials, asks the user
// one question, and signs.
func (a *Authenticator) getAssertion(ctx context.Context, r *ctap2.GetAssertionRequest) (*ctap2.GetAssertionResponse, error) {
	if r.RPID == "" {
		return nil, ctap2.MissingParameter
	}
	if err := checkHash(r.ClientDataHash); err != nil {
		return nil, err
	}
	if err := checkPINUVAuth(r.PINUVAuthParam, r.PINUVAuthProtocol); err != nil {
		return nil, err
	}
	want, err := a.getAssertionOptions(r.Options)
	if err != nil {
		return nil, err
	}
	allowed, err := a.checkList(r.AllowList)
	if err != nil {
		return nil, err
	}
	named := len(r.AllowList) > 0 && !a.Misbehave.IgnoreAllowList
	found := a.locate(r.RPID, named, allowed)
	if named && len(found) > 1 {
		found = found[:1] // any of them will do, and the RP wants one
	}
	chosen, err := a.consentToSign(ctx, r.RPID, want, found)
	if err != nil {
		return nil, err
	}
	ceremony := assertion{
		clientDataHash: bytes.Clone(r.ClientDataHash),
		gesture:        gesture{present: want.presence, verified: want.verification},
		several:        len(found) > 1 && !a.model.Display,
	}
	return a.firstAssertion(ctx, ceremony, found, chosen)
}

// getAssertionOptions applies steps 4 to 6 of CTAP 2.2 §6.2.2.
func (a *Authenticator) getAssertionOptions(o *ctap2.Options) (want wanted, err error) {
	if o == nil {
		o = &ctap2.Options{}
	}
	if o.ResidentKey != nil {
		return wanted{}, ctap2.UnsupportedOption
	}
	want.presence = o.UserPresence == nil || *o.UserPresence
	want.verification, err = a.verification(o.UserVerification, want.presence)
	return want, err
}

// locate finds the credentials that will do, newest first (CTAP 2.2 §6.2.2, credential location step).
func (a *Authenticator) locate(rpID string, named bool, ids [][]byte) []Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []Credential
	for _, r := range a.vault.newestFirst(func(r *record) bool {
		if r.RPID != rpID {
			return false
		}
		if named {
			return slices.ContainsFunc(ids, func(id []byte) bool { return bytes.Equal(id, r.ID) })
		}
		return r.Discoverable
	}) {
		found = append(found, r.clone())
	}
	return found
}

// consentToSign asks the one question that fits and returns the index of the credential to use first. When nothing was found
// it still asks where presence is wanted, so that a site cannot probe for credentials behind the user's back.
func (a *Authenticator) consentToSign(ctx context.Context, rpID string, want wanted, found []Credential) (chosen int, err error) {
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
			if _, err := a.ask(ctx, prompt); errors.Is(err, ctap2.KeepAliveCancel) || isFailure(err) {
				return 0, err
			}
		}
		return 0, ctap2.NoCredentials
	}
	if !want.presence && !want.verification {
		return 0, nil
	}
	consent, err := a.ask(ctx, prompt)
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

// getNextAssertion is authenticatorGetNextAssertion (CTAP 2.2 §6.3).
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

// assert signs with one credential (CTAP 2.2 §6.2.2, last step; WebAuthn L3 §6.3.3).
func (a *Authenticator) assert(ctx context.Context, ceremony assertion, id []byte) (*ctap2.GetAssertionResponse, error) {
	c, handle, err := a.use(id)
	if err != nil {
		return nil, err
	}
	authData := a.authData(c, ceremony.gesture, nil)
	signature, err := a.world.Keys.Sign(ctx, handle, slices.Concat(authData, ceremony.clientDataHash))
	if err != nil {
		return nil, keyError(err)
	}
	if a.Misbehave.BadSignature {
		signature = spoil(signature)
	}
	return &ctap2.GetAssertionResponse{
		Credential: ctap2.Descriptor{ID: c.ID, Type: ctap2.PublicKey},
		AuthData:   authData, Signature: signature, User: a.userOf(c, ceremony),
	}, nil
}

// use counts a use of a credential, which is gone if it was deleted while the user made up her mind.
func (a *Authenticator) use(id []byte) (Credential, keystore.Handle, error) {
	now := a.world.Clock.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.vault.find(id)
	if r == nil {
		return Credential{}, nil, ctap2.NoCredentials
	}
	r.SignCount, r.LastUsedAt = a.nextCount(r.SignCount), now
	return r.clone(), r.handle, nil
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

// userOf is the user member of a response (CTAP 2.2 §6.2.2, response structure): for discoverable credentials only; names
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
