package rp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/passkeylab/passkeylab/rp/store"
)

// This file is the relying party without wizard, proof and session: ceremonies for whoever asks, as FIDO's server tests want
// them (package fidoapi). Whoever can reach them can add a passkey to any account: they are for laboratories.

// The kinds of ceremony that belong to a visitor and to no session.
const (
	KindDirectCreate CeremonyKind = "direct-create"
	KindDirectGet    CeremonyKind = "direct-get"
)

// Wishes are what a caller asks of the options. Empty ones leave it to the policy; what the policy demands holds anyway.
type Wishes struct {
	UserVerification protocol.UserVerificationRequirement
	Attestation      protocol.ConveyancePreference
	ResidentKey      protocol.ResidentKeyRequirement
	Attachment       protocol.AuthenticatorAttachment
	// AppID is what passkeys of U2F are scoped to, at sign-in (WebAuthn L3 §10.1.1). It must be a URL of this site.
	AppID string
}

// Direct is one ceremony of a visitor.
type Direct struct {
	// Binding ties it to one visitor: an unguessable value that the cookie layer keeps.
	Binding string
	// UserName is the account's; "" at sign-in lets the authenticator offer its own.
	UserName string
	Wishes   Wishes
	// Challenge stands in the options instead of a fresh one, for published test vectors, which fix it. Nothing that comes over
	// a network may decide it.
	Challenge []byte
}

// dictate puts the challenge into options and into what verifies their answer.
func (d Direct) dictate(options *protocol.URLEncodedBase64, verification *string) {
	if d.Challenge != nil {
		*options, *verification = d.Challenge, base64.RawURLEncoding.EncodeToString(d.Challenge)
	}
}

// OpenAccount returns the account of a user name, a new one that has neither password nor one-time codes if there is none.
// Bad input gives FieldErrors.
func (rp *RelyingParty) OpenAccount(ctx context.Context, userName, displayName string) (*User, error) {
	found, err := rp.UserByName(ctx, userName)
	if !errors.Is(err, ErrNotFound) {
		return found, err
	}
	reg, err := checkNames(Registration{UserName: userName, DisplayName: displayName})
	if err != nil {
		return nil, fmt.Errorf("rp: open account: %w", err)
	}
	var a account
	if a.ID, err = rp.rand.id(); err != nil {
		return nil, err
	}
	if a.Handle, err = rp.rand.bytes(userHandleLength); err != nil {
		return nil, err
	}
	a.UserName, a.DisplayName, a.CreatedAt = reg.UserName, reg.DisplayName, rp.Now()
	err = rp.write(ctx, "open account", func(tx *store.Tx) error {
		if err := insertAccount(tx, a); err != nil {
			return err
		}
		return rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Action: ActionSignUp, Target: a.UserName})
	})
	if errors.Is(err, store.ErrConflict) { // somebody was faster
		return rp.UserByName(ctx, userName)
	}
	return &a.User, err
}

// BeginDirectCreation issues creation options for an account.
func (rp *RelyingParty) BeginDirectCreation(ctx context.Context, userID string, in Direct) (*CreationOptions, error) {
	var options *CreationOptions
	err := rp.write(ctx, "begin direct creation", func(tx *store.Tx) error {
		a, list, err := accountWithPasskeys(tx, userID)
		if err != nil {
			return err
		}
		if refusal := limitRefusal(rp.Policy(), len(list)); refusal != nil {
			return refusal
		}
		creation, data, err := rp.creationOptions(&a.User, FlowAny, list)
		if err != nil {
			return err
		}
		in.Wishes.ofCreation(&creation.Response)
		data.UserVerification = creation.Response.AuthenticatorSelection.UserVerification
		in.dictate(&creation.Response.Challenge, &data.Challenge)
		ceremony, err := rp.newCeremony(KindDirectCreate, creation.Response, data)
		if err != nil {
			return err
		}
		ceremony.UserID, ceremony.Binding, ceremony.ExcludeIDs = a.ID, bindingHash(in.Binding), ids(list)
		options = &CreationOptions{CeremonyID: ceremony.ID, Options: creation.Response, ExpiresAt: ceremony.ExpiresAt}
		return openCeremony(tx, ceremony)
	})
	return options, err
}

// ofCreation puts the wishes into options. A wish never weakens user verification that the policy requires.
func (w Wishes) ofCreation(o *protocol.PublicKeyCredentialCreationOptions) {
	selection := &o.AuthenticatorSelection
	if w.UserVerification != "" && selection.UserVerification != protocol.VerificationRequired {
		selection.UserVerification = w.UserVerification
	}
	if w.Attestation != "" {
		o.Attestation = w.Attestation
	}
	selection.AuthenticatorAttachment = w.Attachment
	if w.ResidentKey != "" {
		required := w.ResidentKey == protocol.ResidentKeyRequirementRequired
		selection.ResidentKey, selection.RequireResidentKey = w.ResidentKey, &required
	}
}

// FinishDirectCreation verifies a RegistrationResponseJSON and stores the passkey. The first response to a challenge uses it
// up.
func (rp *RelyingParty) FinishDirectCreation(ctx context.Context, binding string, body []byte) (*Credential, error) {
	response := rp.examine(ctx, KindDirectCreate, "", body)
	var stored *Credential
	var refusal *Refusal
	err := rp.write(ctx, "finish direct creation", func(tx *store.Tx) (err error) {
		stored, refusal, err = rp.decideDirect(ctx, tx, binding, response)
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return stored, err
}

func (rp *RelyingParty) decideDirect(ctx context.Context, tx *store.Tx, binding string, response *response) (*Credential, *Refusal, error) {
	if response.challengeHash == nil { // it could not even be read
		return nil, refuse(response.code, response.err), nil
	}
	ceremony, err := ceremonyByChallenge(tx, response.challengeHash)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (ceremony.Kind != KindDirectCreate || ceremony.Binding != bindingHash(binding)) {
		return nil, refuse(CodeVerificationFailed, errUnknownChallenge), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !ceremony.Open() {
		return nil, refuse(CodeChallengeUsed, nil), nil
	}
	a, list, err := accountWithPasskeys(tx, ceremony.UserID)
	if err != nil {
		return nil, nil, err
	}
	refusal, err := rp.judgeDirect(tx, &a.User, &ceremony, response)
	if err != nil {
		return nil, nil, err
	}
	ceremony.ConsumedAt, ceremony.responseDigest = rp.Now(), response.digest
	if refusal != nil {
		ceremony.ServerCode, ceremony.refusal = refusal.Code, refusal
		event := AuditEvent{UserID: a.ID, Action: ActionPasskeyRefused, Target: response.target(), Code: refusal.Code}
		return nil, refusal, errors.Join(saveCeremony(tx, &ceremony), rp.audit(ctx, tx, event))
	}
	c := response.credential
	c.UserID, c.UserHandle, c.AccountName, c.CreatedAt = a.ID, a.Handle, a.UserName, rp.Now()
	c.Name = freeName(defaultName(ctx, rp.providers.lookup(c.AAGUID, c.Transports), &c, ""), list, nil)
	ceremony.resultID = c.ID
	return &c, nil, errors.Join(insertCredential(tx, &c), saveCeremony(tx, &ceremony),
		rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Action: ActionPasskeyAdded, Target: idTail(c.ID)}))
}

// judgeDirect is judge without what belongs to a run and a session.
func (rp *RelyingParty) judgeDirect(tx *store.Tx, user *User, ceremony *Ceremony, response *response) (*Refusal, error) {
	asked := ceremony.state.Session.UserVerification == protocol.VerificationRequired
	switch {
	case ceremony.expired(rp.Now()):
		return refuse(CodeChallengeExpired, nil), nil
	case response.err != nil:
		return refuse(response.code, response.err), nil
	case (asked || rp.Policy().RequiresUV()) && !response.credential.UVInitialized:
		return refuse(CodeUVRequired, nil), nil
	}
	if refusal, err := rp.duplicate(tx, user.ID, response); err != nil || refusal != nil {
		return refusal, err
	}
	return rp.judgePasskey(tx, user, response)
}

// BeginDirectRequest issues request options that list the account's passkeys, or none without a user name. An account that
// does not exist, or has none, is CodeSignInUnknown, or gets made-up passkeys where Config.DecoyKey wants it.
func (rp *RelyingParty) BeginDirectRequest(ctx context.Context, in Direct) (*RequestOptions, error) {
	var options *RequestOptions
	err := rp.write(ctx, "begin direct request", func(tx *store.Tx) error {
		var list []Credential
		if in.UserName != "" {
			a, err := accountByName(tx, in.UserName)
			if err == nil {
				list, err = credentialsOf(tx, a.ID)
			}
			missing := errors.Is(err, sql.ErrNoRows) || err == nil && len(list) == 0
			switch {
			case missing && rp.decoyKey == nil:
				return refuse(CodeSignInUnknown, nil)
			case missing:
				list = decoys(rp.decoyKey, in.UserName)
			case err != nil:
				return err
			}
		}
		assertion, data, err := rp.requestOptions(list)
		if err != nil {
			return err
		}
		o := &assertion.Response
		if wish := in.Wishes.UserVerification; wish != "" && o.UserVerification != protocol.VerificationRequired {
			o.UserVerification = wish
		}
		data.UserVerification, data.AllowedCredentialIDs = o.UserVerification, ids(list)
		in.dictate(&o.Challenge, &data.Challenge)
		if rp.ownAppID(in.Wishes.AppID) {
			data.Extensions.AppID = in.Wishes.AppID
		}
		ceremony, err := rp.newCeremony(KindDirectGet, *o, data)
		if err != nil {
			return err
		}
		ceremony.Binding, ceremony.state.UserName = bindingHash(in.Binding), foldName(in.UserName)
		options = &RequestOptions{CeremonyID: ceremony.ID, Options: *o, ExpiresAt: ceremony.ExpiresAt}
		return openCeremony(tx, ceremony)
	})
	return options, err
}

// ownAppID reports whether an AppID is a URL of this site: that of another site would let what was signed there in here.
func (rp *RelyingParty) ownAppID(appID string) bool {
	return appID == rp.origin || strings.HasPrefix(appID, rp.origin+"/")
}

// stored presents the passkey to the verifier. Where it is one of U2F that was used for an AppID, the verifier wants its key as
// U2F writes it: a point, and no COSE_Key.
func (a *assertion) stored() webauthn.Credential {
	stored := a.credential.stored()
	claimed := a.parsed.ClientExtensionResults.AppID
	ofU2F := stored.AttestationFormat == string(protocol.AttestationFormatFIDOUniversalSecondFactor)
	if a.ceremony.state.Session.Extensions.AppID == "" || claimed == nil || !*claimed || !ofU2F {
		return stored
	}
	if key, err := webauthncose.ParsePublicKey(stored.PublicKey); err == nil {
		if point, is := key.(webauthncose.EC2PublicKeyData); is {
			stored.PublicKey = slices.Concat([]byte{4}, point.XCoord, point.YCoord)
		}
	}
	return stored
}

// decoys are the passkeys of nobody: the same for a user name each time, and like those that security keys and platforms make
// (WebAuthn L3 §14.6.2).
func decoys(key []byte, userName string) []Credential {
	derive := func(use string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(use + foldName(userName)))
		return mac.Sum(nil)
	}
	transports := [][]string{{"internal"}, {"hybrid", "internal"}, {"usb"}}
	return []Credential{{ID: derive("id:"), Transports: transports[int(derive("transports:")[0])%len(transports)]}}
}

// FinishDirectRequest verifies an AuthenticationResponseJSON and brings the passkey's record up to date. It starts no
// session.
func (rp *RelyingParty) FinishDirectRequest(ctx context.Context, binding string, body []byte) (*Credential, error) {
	a := readAssertion(KindDirectGet, body)
	a.binding = bindingHash(binding)
	var refusal *Refusal
	err := rp.write(ctx, "finish direct request", func(tx *store.Tx) (err error) {
		refusal, err = rp.verifyAssertion(ctx, tx, a)
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	if err != nil {
		return nil, err
	}
	return &a.credential, nil
}

// refuseDirect is what only a direct ceremony asks of its passkey: to be one of those that the options listed (WebAuthn L3
// §7.2 step 5), or to come with a user handle (step 6).
func (a *assertion) refuseDirect() *Refusal {
	allowed := a.ceremony.state.Session.AllowedCredentialIDs
	if len(allowed) == 0 && len(a.parsed.Response.UserHandle) == 0 {
		return refuse(CodeSignInFailed, errors.New("the response has no user handle"))
	}
	for _, id := range allowed {
		if bytes.Equal(id, a.credential.ID) {
			return nil
		}
	}
	if len(allowed) > 0 {
		return refuse(CodeSignInFailed, errors.New("the options did not list the passkey"))
	}
	return nil
}
