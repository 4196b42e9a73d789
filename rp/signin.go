package rp

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
	"github.com/passkeylab/passkeylab/rp/strict"
)

// BeginSignIn issues request options. They are the same for every user name, known or not: the device offers what
// it has, and the account is compared when the response comes.
func (rp *RelyingParty) BeginSignIn(ctx context.Context, in SignInStart) (*RequestOptions, error) {
	if in.Binding == "" {
		return nil, errors.New("rp: begin sign-in: SignInStart.Binding is empty; tie the ceremony to the browser")
	}
	ceremony, options, err := rp.newRequest(KindGet, nil)
	if err != nil {
		return nil, fmt.Errorf("rp: begin sign-in: %w", err)
	}
	ceremony.Binding = bindingHash(in.Binding)
	ceremony.state.UserName = foldName(in.UserName)
	options.Conditional = in.Conditional
	return options, rp.write(ctx, "begin sign-in", func(tx *store.Tx) error { return openCeremony(tx, ceremony) })
}

func (rp *RelyingParty) newRequest(kind CeremonyKind, allow []Credential) (*Ceremony, *RequestOptions, error) {
	assertion, data, err := rp.requestOptions(allow)
	if err != nil {
		return nil, nil, err
	}
	ceremony, err := rp.newCeremony(kind, assertion.Response, data)
	if err != nil {
		return nil, nil, err
	}
	return ceremony, &RequestOptions{CeremonyID: ceremony.ID, Options: assertion.Response, ExpiresAt: ceremony.ExpiresAt}, nil
}

// assertion is an authentication response on its way to a decision.
type assertion struct {
	kind    CeremonyKind
	binding string // hash of the browser's binding (sign-in)
	session *Session
	client  Client
	body    []byte

	unread     error // why the body is no response
	parsed     *protocol.ParsedCredentialAssertionData
	ceremony   Ceremony
	account    account
	credential Credential
	uv         bool
	warning    bool
}

// FinishSignIn verifies an AuthenticationResponseJSON and makes a session. It refuses with CodeSignInUnknown for
// a passkey that is not stored, CodeSignInStray for one that was refused at registration (with its provider),
// CodeSignInBlocked for one that the policy no longer accepts, and CodeSignInFailed for everything else, without
// saying what. WebAuthn L3 §7.2.
func (rp *RelyingParty) FinishSignIn(ctx context.Context, in SignInResponse) (*SignedIn, error) {
	binding := bindingHash(in.Binding)
	allowances := rp.signInAllowances(binding, in.Client.IPPrefix)
	if refusal := rp.limitedRefusal(allowances...); refusal != nil {
		return nil, refusal
	}
	a := readAssertion(KindGet, in.Body)
	a.binding, a.client = binding, in.Client
	var signedIn *SignedIn
	var refusal *Refusal
	err := rp.write(ctx, "finish sign-in", func(tx *store.Tx) (err error) {
		if refusal, err = rp.verifyAssertion(ctx, tx, a); err != nil || refusal != nil {
			return err
		}
		if signedIn, err = rp.admit(ctx, tx, a); err != nil || in.Started == nil {
			return err
		}
		return in.Started(within(ctx, tx), signedIn)
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		rp.countFailedVerify(refusal, allowances...)
		rp.log.InfoContext(ctx, "sign-in refused", "code", string(refusal.Code), "cause", causeText(refusal), "request", RequestID(ctx))
		return nil, refusal
	}
	return signedIn, nil
}

// admit starts the session. A verified user is a proof of presence; without user verification it is not.
func (rp *RelyingParty) admit(ctx context.Context, tx *store.Tx, a *assertion) (*SignedIn, error) {
	s := Session{UserID: a.account.ID, Methods: []Method{MethodPasskey}, CredentialID: a.credential.ID, Client: a.client}
	if a.uv {
		s.ProofAt, s.ProofMethod, s.ProofAAGUID = rp.Now(), MethodPasskey, a.credential.AAGUID
	}
	started, err := rp.startSession(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	offer := a.parsed.AuthenticatorAttachment == protocol.CrossPlatform && !isSecurityKey(a.credential.Transports)
	return &SignedIn{
		Session: started, User: &a.account.User, Credential: &a.credential, OfferHere: offer, CounterWarning: a.warning,
	}, nil
}

// verifyAssertion goes through the checks in order and returns the first refusal as a value, as the challenge is
// used up by then. On success the passkey's record is brought up to date.
func (rp *RelyingParty) verifyAssertion(ctx context.Context, tx *store.Tx, a *assertion) (*Refusal, error) {
	refusal, err := rp.claimAssertion(tx, a)
	if err == nil && refusal == nil {
		refusal, err = rp.findSigner(tx, a)
	}
	if err == nil && refusal == nil {
		refusal, err = rp.checkAssertion(ctx, tx, a)
	}
	if err != nil {
		return nil, err
	}
	if refusal == nil {
		a.ceremony.UserID = a.account.ID
		return nil, saveCeremony(tx, &a.ceremony)
	}
	if a.ceremony.ID != "" && a.ceremony.refusal == nil {
		a.ceremony.ServerCode, a.ceremony.refusal = refusal.Code, refusal
		if err := saveCeremony(tx, &a.ceremony); err != nil {
			return nil, err
		}
	}
	return refusal, rp.audit(ctx, tx, AuditEvent{UserID: a.account.ID, Actor: actorSystem, Action: ActionSignInRefused, Target: idTail(a.credential.ID), Code: refusal.Code})
}

// readAssertion reads a body. It needs nothing of the store, so whoever waits to write need not wait for it.
func readAssertion(kind CeremonyKind, body []byte) *assertion {
	a := &assertion{kind: kind, body: body}
	a.parsed, a.unread = parseAssertion(body)
	return a
}

// bindingHash is what is stored of the value that ties a ceremony to a browser.
func bindingHash(binding string) string {
	return base64.RawURLEncoding.EncodeToString(hashOf([]byte(binding)))
}

// claimAssertion finds the ceremony, checks that it is this browser's, and uses it up.
func (rp *RelyingParty) claimAssertion(tx *store.Tx, a *assertion) (*Refusal, error) {
	if a.unread != nil {
		return refuse(CodeSignInFailed, a.unread), nil
	}
	ceremony, err := ceremonyByChallenge(tx, challengeHash(a.parsed.Response.CollectedClientData.Challenge))
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(CodeSignInFailed, errUnknownChallenge), nil
	}
	if err != nil {
		return nil, err
	}
	if ceremony.Kind != a.kind || ceremony.Binding != a.binding || a.session != nil && ceremony.SessionID != a.session.ID {
		return refuse(CodeSignInFailed, errors.New("the challenge belongs to another browser")), nil
	}
	if !ceremony.Open() {
		return refuse(CodeSignInFailed, errors.New("the challenge was used before")), nil
	}
	a.ceremony = ceremony
	a.ceremony.ConsumedAt, a.ceremony.responseDigest = rp.Now(), hashOf(a.body)
	if ceremony.expired(rp.Now()) {
		return refuse(CodeSignInFailed, errors.New("the challenge expired")), nil
	}
	return nil, nil
}

// findSigner looks the passkey up. An unknown one is looked for among the strays, but only once the client data
// has shown that the response answers our page: nobody else learns what we refused.
func (rp *RelyingParty) findSigner(tx *store.Tx, a *assertion) (*Refusal, error) {
	credential, err := credentialByID(tx, a.parsed.RawID)
	if errors.Is(err, sql.ErrNoRows) {
		return rp.refuseUnknownSigner(tx, a)
	}
	if err != nil {
		return nil, err
	}
	signer, err := accountByID(tx, credential.UserID)
	if err != nil {
		return nil, err
	}
	if a.session != nil && a.session.UserID != signer.ID {
		return refuse(CodeSignInFailed, errors.New("the passkey belongs to another account")), nil
	}
	if asked := a.ceremony.state.UserName; asked != "" && asked != foldName(signer.UserName) {
		return refuse(CodeSignInFailed, errors.New("the passkey belongs to another user name")), nil
	}
	a.credential, a.account = credential, signer
	return nil, nil
}

func (rp *RelyingParty) refuseUnknownSigner(tx *store.Tx, a *assertion) (*Refusal, error) {
	clientData := a.parsed.Response.CollectedClientData
	if err := rp.expected.check(&clientData); err != nil {
		return refuse(CodeSignInFailed, err), nil
	}
	if err := clientData.Verify(clientData.Challenge, protocol.AssertCeremony, []string{rp.origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false); err != nil {
		return refuse(CodeSignInFailed, describeError(err)), nil
	}
	stray, err := rp.findStray(tx, a.parsed.RawID)
	if err != nil {
		return nil, err
	}
	refusal := refuse(CodeSignInUnknown, nil)
	provider := Provider{Key: ProviderUnknown, Steps: rp.providers.unknownSteps}
	if stray != nil {
		refusal = refuse(CodeSignInStray, nil)
		provider = stray.Provider
		a.account.ID, a.credential.ID = stray.UserID, a.parsed.RawID // for the audit log: whose account was tried, with what
		refusal.AAGUID = stray.AAGUID.String()
	}
	refusal.Provider, refusal.ProviderKey, refusal.ProviderKnown, refusal.Steps = provider.Name, provider.Key, provider.Known, provider.Steps
	switch a.parsed.AuthenticatorAttachment {
	case protocol.Platform:
		refusal.DeviceScope, refusal.SignalUnknown = ScopeThisDevice, true
		refusal.CredentialID = base64.RawURLEncoding.EncodeToString(a.parsed.RawID)
	case protocol.CrossPlatform:
		refusal.DeviceScope = ScopeOtherDevice
	}
	return refusal, nil
}

// checkAssertion verifies the signature and everything signed, then the policy and the counter, and updates the
// record.
func (rp *RelyingParty) checkAssertion(ctx context.Context, tx *store.Tx, a *assertion) (*Refusal, error) {
	c := &a.credential
	if len(a.parsed.Response.UserHandle) == 0 && a.kind == KindGet {
		return refuse(CodeSignInFailed, errors.New("the response has no user handle")), nil
	}
	if a.kind == KindDirectGet {
		if refusal := a.refuseDirect(); refusal != nil {
			return refusal, nil
		}
	}
	if err := rp.expected.check(&a.parsed.Response.CollectedClientData); err != nil {
		return refuse(CodeSignInFailed, err), nil
	}
	session := a.ceremony.state.Session
	session.Challenge = a.parsed.Response.CollectedClientData.Challenge
	session.UserID = a.account.Handle
	if rp.Policy().RequiresUV() {
		session.UserVerification = protocol.VerificationRequired
	}
	session.AllowedCredentialIDs = nil // the owner was compared above; the list may have grown or shrunk since
	user := asUser{account: &a.account.User}
	user.credentials = append(user.credentials, a.stored())
	verified, err := rp.webauthn.ValidateLogin(user, session, a.parsed)
	if err == nil {
		err = strict.CheckExtensions(a.parsed.Response.AuthenticatorData.ExtData)
	}
	if err != nil {
		return refuse(CodeSignInFailed, describeError(err)), nil
	}
	if a.kind == KindProof && !rp.strongEnough(MethodPasskey, c.AAGUID) {
		return refuse(CodeMethodTooWeak, nil), nil
	}
	p := rp.Policy()
	strong := a.kind != KindGet || p.AuthenticationStrengths.SignIn.Meets(policy.CombinationPasskey, c.AAGUID)
	if !strong || p.AtSignIn(a.account.subject(), c.candidate()) != policy.Accepted {
		refusal := refuse(CodeSignInBlocked, nil)
		provider := rp.providers.lookup(c.AAGUID, c.Transports)
		refusal.Provider, refusal.ProviderKey, refusal.ProviderKnown = provider.Name, provider.Key, provider.Known
		return refusal, nil
	}
	if verified.Authenticator.CloneWarning {
		event := AuditEvent{UserID: c.UserID, Actor: actorSystem, Action: ActionCounter, Target: idTail(c.ID)}
		if err := rp.audit(ctx, tx, event); err != nil {
			return nil, err
		}
		if rp.Policy().BlocksCounter() {
			return refuse(CodeSignInFailed, errors.New("the signature counter went back")), nil
		}
		a.warning = true
	}
	a.uv = a.parsed.Response.AuthenticatorData.Flags.HasUserVerified()
	c.SignCount, c.BackupState, c.UVInitialized = verified.Authenticator.SignCount, verified.Flags.BackupState, c.UVInitialized || a.uv
	c.LastUsedAt, c.LastUsedClient, c.ReplacedHint = rp.Now(), a.client.Family, false
	return nil, tx.ExecOne("UPDATE credentials SET sign_count = ?, backup_state = ?, uv_initialized = ?, last_used_at = ?, last_used_client = ?, replaced_hint = 0 WHERE id = ?",
		c.SignCount, c.BackupState, c.UVInitialized, store.Nanos(c.LastUsedAt), c.LastUsedClient, c.ID)
}

// BeginProof returns options for proving presence with one of the session's user's passkeys. A user without one
// gets CodeSignInUnknown.
func (rp *RelyingParty) BeginProof(ctx context.Context, sessionID string) (*RequestOptions, error) {
	var options *RequestOptions
	err := rp.write(ctx, "begin proof", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, sessionID)
		if err != nil {
			return err
		}
		list, err := credentialsOf(tx, s.UserID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return refuse(CodeSignInUnknown, nil)
		}
		ceremony, issued, err := rp.newRequest(KindProof, list)
		if err != nil {
			return err
		}
		ceremony.SessionID, ceremony.UserID = s.ID, s.UserID
		options = issued
		return openCeremony(tx, ceremony)
	})
	return options, err
}

// FinishProof takes the assertion as a fresh proof. A passkey without user verification is refused like any
// other failure: it proves a device, not a person.
func (rp *RelyingParty) FinishProof(ctx context.Context, sessionID string, body []byte) (*Session, error) {
	a := readAssertion(KindProof, body)
	var refusal *Refusal
	err := rp.write(ctx, "finish proof", func(tx *store.Tx) (err error) {
		if a.session, err = rp.liveSession(tx, sessionID); err != nil {
			return err
		}
		a.client = a.session.Client
		if refusal, err = rp.verifyAssertion(ctx, tx, a); err != nil || refusal != nil {
			return err
		}
		if !a.uv {
			refusal = refuse(CodeSignInFailed, errors.New("a proof needs user verification"))
			return nil
		}
		a.session.ProofAAGUID = a.credential.AAGUID
		return rp.giveProof(ctx, tx, a.session, MethodPasskey)
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	return a.session, nil
}
