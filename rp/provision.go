package rp

import (
	"context"
	"database/sql"
	"errors"

	"github.com/passkeylab/passkeylab/rp/store"
)

// KindProvision is a registration by an administrator, for somebody else: it belongs to no run and no session.
const KindProvision CeremonyKind = "provision"

// BeginProvisioning issues creation options for a passkey that an administrator makes for somebody. Self-service being
// off is no obstacle; the rest of the policy is.
func (rp *RelyingParty) BeginProvisioning(ctx context.Context, userID string) (*CreationOptions, error) {
	var options *CreationOptions
	err := rp.write(ctx, "begin provisioning", func(tx *store.Tx) error {
		a, list, err := accountWithPasskeys(tx, userID)
		if err != nil {
			return err
		}
		p := rp.Policy()
		if refusal := refuseVerdict(p.Provisioning(a.subject())); refusal != nil {
			return refusal
		}
		if refusal := limitRefusal(p, len(list)); refusal != nil {
			return refusal
		}
		creation, data, err := rp.creationOptions(&a.User, FlowAny, list)
		if err != nil {
			return err
		}
		ceremony, err := rp.newCeremony(KindProvision, creation.Response, data)
		if err != nil {
			return err
		}
		ceremony.UserID, ceremony.ExcludeIDs = a.ID, ids(list)
		ceremony.ExpiresAt = ceremony.IssuedAt.Add(rp.timers.Timeout)
		options = &CreationOptions{CeremonyID: ceremony.ID, Options: creation.Response, ExpiresAt: ceremony.ExpiresAt}
		return openCeremony(tx, ceremony)
	})
	return options, err
}

func accountWithPasskeys(q store.Querier, userID string) (a account, list []Credential, err error) {
	if a, err = accountOrNotFound(q, userID); err == nil {
		list, err = credentialsOf(q, userID)
	}
	return a, list, err
}

// FinishProvisioning verifies and stores the passkey, as FinishRegistration does, and tells the user. name may be "" for
// the default one; one that cannot be gives FieldErrors and uses nothing up.
func (rp *RelyingParty) FinishProvisioning(ctx context.Context, userID, name string, body []byte) (*Credential, error) {
	if name != "" {
		var err error
		if name, err = checkName(name); err != nil {
			return nil, err
		}
	}
	response := rp.examine(ctx, KindProvision, "", body)
	var stored *Credential
	var refusal *Refusal
	err := rp.write(ctx, "finish provisioning", func(tx *store.Tx) (err error) {
		stored, refusal, err = rp.decideProvisioning(ctx, tx, provisioning{userID: userID, name: name, response: response})
		return err
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	return stored, nil
}

// provisioning is one response of an administrator's.
type provisioning struct {
	userID, name string
	response     *response
}

func (rp *RelyingParty) decideProvisioning(ctx context.Context, tx *store.Tx, in provisioning) (*Credential, *Refusal, error) {
	a, list, err := accountWithPasskeys(tx, in.userID)
	if err != nil {
		return nil, nil, err
	}
	ceremony, err := ceremonyByChallenge(tx, in.response.challengeHash)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (ceremony.Kind != KindProvision || ceremony.UserID != a.ID) {
		return nil, refuse(CodeVerificationFailed, errUnknownChallenge), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !ceremony.Open() {
		return nil, refuse(CodeChallengeUsed, nil), nil
	}
	refusal, err := rp.judgeProvisioned(tx, &a.User, &ceremony, in.response)
	if err != nil {
		return nil, nil, err
	}
	ceremony.ConsumedAt, ceremony.responseDigest = rp.Now(), in.response.digest
	if refusal != nil {
		ceremony.ServerCode, ceremony.refusal = refusal.Code, refusal
		event := AuditEvent{UserID: a.ID, Actor: ActorAdmin, Action: ActionPasskeyRefused, Target: in.response.target(), Code: refusal.Code}
		return nil, refusal, errors.Join(saveCeremony(tx, &ceremony), rp.audit(ctx, tx, event))
	}
	c := in.response.credential
	c.UserID, c.UserHandle, c.AccountName, c.CreatedAt = a.ID, a.Handle, a.UserName, rp.Now()
	if c.Name, c.NamedByUser = in.name, in.name != ""; in.name == "" {
		c.Name = defaultName(ctx, rp.providers.lookup(c.AAGUID, c.Transports), &c, "")
	}
	c.Name = freeName(c.Name, list, nil)
	ceremony.resultID = c.ID
	return &c, nil, errors.Join(insertCredential(tx, &c), saveCeremony(tx, &ceremony), rp.notify(ctx, tx, a.ID, ActionPasskeyAdded, c.Name),
		rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Actor: ActorAdmin, Action: ActionPasskeyAdded, Target: idTail(c.ID)}))
}

// judgeProvisioned is judge without what belongs to a run and a session.
func (rp *RelyingParty) judgeProvisioned(tx *store.Tx, user *User, ceremony *Ceremony, response *response) (*Refusal, error) {
	p := rp.Policy()
	switch {
	case ceremony.expired(rp.Now()):
		return refuse(CodeChallengeExpired, nil), nil
	case response.err != nil:
		return refuse(response.code, response.err), nil
	case p.RequiresUV() && !response.credential.UVInitialized:
		return refuse(CodeUVRequired, nil), nil
	}
	if refusal, err := rp.duplicate(tx, user.ID, response); err != nil || refusal != nil {
		return refusal, err
	}
	if refusal := refuseVerdict(p.Provisioning(user.subject())); refusal != nil {
		return refusal, nil
	}
	return rp.judgePasskey(tx, user, response)
}

// RemovePasskey deletes somebody's passkey, as an administrator: with all that Delete does, but also the last way to
// sign in, and the user is told. What does not exist is ErrNotFound.
func (rp *RelyingParty) RemovePasskey(ctx context.Context, userID, key string) error {
	id, err := decodeKey(key)
	if err != nil {
		return err
	}
	return rp.write(ctx, "remove passkey", func(tx *store.Tx) error {
		c, err := ownCredential(tx, userID, id)
		if err != nil {
			return err
		}
		return rp.removeCredential(ctx, tx, c, removal{actor: ActorAdmin, notice: ActionPasskeyRemoved})
	})
}
