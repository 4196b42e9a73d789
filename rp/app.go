package rp

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/passkeylab/passkeylab/rp/store"
)

// Apps are the organisation's own phone apps. They sign people in by themselves and make passkeys without any browser:
// flow E.
type Apps struct {
	// Android are the SHA-256 hashes of the certificates that the Android app is signed with.
	Android [][32]byte
	// Apple says that there is an app for Apple's systems, which the RP ID names as its associated domain.
	Apple bool
}

// AndroidOrigin is the origin of what an Android app signs as a WebAuthn client: the hash of its certificate in base64url.
func AndroidOrigin(certificate [32]byte) string {
	return "android:apk-key-hash:" + base64.RawURLEncoding.EncodeToString(certificate[:])
}

// AppleOrigin is the origin of what an app on Apple's systems signs: that of its associated domain, whatever port the
// pages are served at.
func AppleOrigin(rpID string) string { return "https://" + rpID }

// newAppWebAuthn configures the verifier of what the apps make. It knows the apps' origins and no other: a response that was
// made on a page is not one of an app, nor the other way round. It is nil without an app.
func newAppWebAuthn(apps Apps, rpID, name string) (*webauthn.WebAuthn, error) {
	cfg := &webauthn.Config{RPID: rpID, RPDisplayName: name, ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore}
	for _, certificate := range apps.Android { // compared as they are: the library wants one of these, but no opaque ones alone
		cfg.RPOrigins = append(cfg.RPOrigins, AndroidOrigin(certificate))
	}
	if apps.Apple {
		cfg.RPOrigins = append(cfg.RPOrigins, AppleOrigin(rpID))
	}
	if len(cfg.RPOrigins) == 0 {
		return nil, nil
	}
	return webauthn.New(cfg)
}

// KindApp is a registration by the phone app: it belongs to the app's session and to no run.
const KindApp CeremonyKind = "app"

// verifier is the one for ceremonies of a kind.
func (rp *RelyingParty) verifier(kind CeremonyKind) *webauthn.WebAuthn {
	if kind == KindApp {
		return rp.apps
	}
	return rp.webauthn
}

// HasApp reports whether there is an app, and with it flow E.
func (rp *RelyingParty) HasApp() bool { return rp.apps != nil }

// BeginInApp issues creation options for a passkey that the app is to make on the phone it runs on. Policy, limit and proof are
// judged as for a page. An earlier challenge of the same session is dead from then on.
func (rp *RelyingParty) BeginInApp(ctx context.Context, token string, phone PhoneOS) (*CreationOptions, error) {
	var options *CreationOptions
	err := rp.write(ctx, "begin in app", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, appSessionID(token))
		if err != nil {
			return err
		}
		a, list, err := accountWithPasskeys(tx, s.UserID)
		if err != nil {
			return err
		}
		if refusal := mayAdd(rp.Policy(), &a.User, len(list)); refusal != nil {
			return refusal
		}
		if !rp.Freshness(s, ToChange).Fresh {
			return refuse(CodeProofStale, nil)
		}
		if err := rp.closeInApp(tx, s.ID); err != nil {
			return err
		}
		options, err = rp.issueInApp(tx, s, issue{user: &a.User, list: list, phone: phone})
		return err
	})
	return options, err
}

// issue is what options for the app are made of.
type issue struct {
	user  *User
	list  []Credential
	phone PhoneOS
}

func (rp *RelyingParty) issueInApp(tx *store.Tx, s *Session, in issue) (*CreationOptions, error) {
	creation, data, err := rp.creationOptions(in.user, FlowInApp, in.list)
	if err != nil {
		return nil, err
	}
	ceremony, err := rp.newCeremony(KindApp, creation.Response, data)
	if err != nil {
		return nil, err
	}
	ceremony.SessionID, ceremony.UserID, ceremony.ExcludeIDs, ceremony.state.Phone = s.ID, s.UserID, ids(in.list), in.phone
	if deadline := rp.proofDeadline(s); deadline.Before(ceremony.ExpiresAt) {
		ceremony.ExpiresAt = deadline
	}
	return &CreationOptions{CeremonyID: ceremony.ID, Options: creation.Response, ExpiresAt: ceremony.ExpiresAt}, openCeremony(tx, ceremony)
}

// closeInApp ends the open challenges of an app's session.
func (rp *RelyingParty) closeInApp(tx *store.Tx, sessionID string) error {
	_, err := tx.Exec("UPDATE ceremonies SET consumed_at = ?1, client_error = ?2, client_error_at = ?1 WHERE session_id = ?3 AND session_id <> '' AND kind = ?4 AND consumed_at = 0",
		store.Nanos(rp.Now()), closedRestarted, sessionID, string(KindApp))
	return err
}

// FinishInApp verifies what the app made and stores it, or says why not, as FinishRegistration does. Beyond what the policy
// asks, the passkey must be one of the organisation's own app: others are CodeProviderNotAllowed.
func (rp *RelyingParty) FinishInApp(ctx context.Context, token string, body []byte) (*Credential, error) {
	id := appSessionID(token)
	var stored *Credential
	var refusal *Refusal
	response := rp.examine(ctx, KindApp, "", body)
	err := rp.write(ctx, "finish in app", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, id)
		if err != nil {
			return err
		}
		if refusal = rp.limitedRefusal(rp.sessionAllowance(id)); refusal != nil {
			return nil
		}
		stored, refusal, err = rp.decideInApp(ctx, tx, decision{session: s, response: response})
		return err
	})
	if ended := AsRefusal(err); ended != nil && response.err == nil && response.sessionID == id {
		err = rp.refuseOutside(ctx, "", response, ended)
	}
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		rp.countFailedVerify(refusal, rp.sessionAllowance(id))
		rp.log.InfoContext(ctx, "registration in the app refused", "code", string(refusal.Code), "cause", causeText(refusal), "request", RequestID(ctx))
		return nil, refusal
	}
	return stored, nil
}

// decideInApp judges the response and keeps what follows from it. A refusal is a value: what it changed stays.
func (rp *RelyingParty) decideInApp(ctx context.Context, tx *store.Tx, d decision) (*Credential, *Refusal, error) {
	ceremony, err := ceremonyByChallenge(tx, d.response.challengeHash)
	foreign := err == nil && (ceremony.Kind != KindApp || ceremony.SessionID != d.session.ID)
	if errors.Is(err, sql.ErrNoRows) || foreign {
		return rp.refuseUnknownInApp(ctx, tx, d)
	}
	if err != nil {
		return nil, nil, err
	}
	d.ceremony = &ceremony
	if d.repeats() {
		stored, refusal, err := rp.replay(tx, d)
		if stored == nil {
			return nil, refusal, err
		}
		return stored.Credential, refusal, err
	}
	if !ceremony.Open() && ceremony.responseDigest != nil {
		_, refusal, err := rp.refuseUsed(ctx, tx, d)
		return nil, refusal, err
	}
	refusal, err := rp.judgeInApp(tx, d)
	if err != nil {
		return nil, nil, err
	}
	if refusal != nil {
		return nil, refusal, rp.refuseInApp(ctx, tx, d, refusal)
	}
	c, err := rp.insert(ctx, tx, d, ceremony.state.Phone)
	return c, nil, err
}

// refuseUnknownInApp answers a response whose challenge is not this session's, and uses up the session's own. One to a session of
// the same user that is over is a stray.
func (rp *RelyingParty) refuseUnknownInApp(ctx context.Context, tx *store.Tx, d decision) (*Credential, *Refusal, error) {
	refusal := refuse(CodeVerificationFailed, errUnknownChallenge)
	if d.response.err == nil && d.response.credential.UserID == d.session.UserID {
		if err := rp.keepStray(tx, "", d.response, refusal); err != nil {
			return nil, nil, err
		}
	}
	event := AuditEvent{UserID: d.session.UserID, Action: ActionPasskeyRefused, Code: refusal.Code}
	return nil, refusal, errors.Join(rp.closeInApp(tx, d.session.ID), rp.audit(ctx, tx, event))
}

// judgeInApp is judge without what belongs to a run.
func (rp *RelyingParty) judgeInApp(tx *store.Tx, d decision) (*Refusal, error) {
	refusal, err := rp.judgeResponse(tx, d)
	if refusal != nil || err != nil {
		return refusal, err
	}
	a, err := accountByID(tx, d.session.UserID)
	if err != nil {
		return nil, err
	}
	if refusal := mayAdd(rp.Policy(), &a.User, 0); refusal != nil {
		return refusal, nil
	}
	if refusal, err := rp.judgePasskey(tx, &a.User, d.response); refusal != nil || err != nil {
		return refusal, err
	}
	if !rp.Provider(d.response.credential.AAGUID).Approved {
		return refuse(CodeProviderNotAllowed, errors.New("the passkey is none of the organisation's app")), nil
	}
	return nil, nil
}

// refuseInApp uses up the challenge and remembers an authentic passkey as a stray: the app may fail to remove it.
func (rp *RelyingParty) refuseInApp(ctx context.Context, tx *store.Tx, d decision, refusal *Refusal) error {
	if d.response.err == nil {
		if err := rp.keepStray(tx, d.ceremony.RunID, d.response, refusal); err != nil {
			return err
		}
	}
	if d.ceremony.Open() {
		d.ceremony.ConsumedAt = rp.Now()
	}
	d.ceremony.responseDigest, d.ceremony.ServerCode, d.ceremony.refusal = d.response.digest, refusal.Code, refusal
	event := AuditEvent{UserID: d.session.UserID, Action: ActionPasskeyRefused, Target: d.response.target(), Code: refusal.Code}
	return errors.Join(saveCeremony(tx, d.ceremony), rp.audit(ctx, tx, event))
}

// ActorApp is the actor of what the phone app reported.
const ActorApp = "app"

// DeletedInApp takes the app's report that its person deleted one of its passkeys there: the row goes too. The passkey is gone
// whatever is answered, so no fresh proof is asked for; the person is told. A passkey of another provider, of another
// user, or one that is gone already, is ErrNotFound. The last way to sign in stays in the list (CodeLastMethod).
func (rp *RelyingParty) DeletedInApp(ctx context.Context, token, key string) error {
	id, err := decodeKey(key)
	if err != nil {
		return err
	}
	return rp.write(ctx, "deleted in app", func(tx *store.Tx) error {
		s, err := rp.liveSession(tx, appSessionID(token))
		if err != nil {
			return err
		}
		c, err := ownCredential(tx, s.UserID, id)
		if err != nil {
			return err
		}
		if !rp.Provider(c.AAGUID).Approved {
			return ErrNotFound
		}
		a, list, err := accountWithPasskeys(tx, s.UserID)
		if err != nil {
			return err
		}
		if refusal := lastMethodRefusal(&a.User, list); refusal != nil {
			return refusal
		}
		if err := rp.removeCredential(ctx, tx, c, removal{actor: ActorApp, notice: ActionPasskeyDeleted}); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		return nil
	})
}
