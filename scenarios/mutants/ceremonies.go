package mutants

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

// registrationSteps are WebAuthn L3 §7.1, from the response on.
func registrationSteps() []Step {
	return slices.Concat(
		envelopeSteps(registering), transportSteps(), clientDataSteps(registering), sessionSteps(registering), frameSteps(registering),
		objectSteps(), dataSteps(registering), attestedSteps(), keySteps(), formatSteps(), trustSteps(), metadataSteps(),
		[]Step{{Name: "reg/unique", Clause: registering.clause("26", "", "credential-id-unique"), Also: or(registering.clause("26", "", "id-unique")), check: func(a *attempt) error {
			return unless(a.rp.passkeys[string(a.data.credentialID)] == nil, "the credential is registered already")
		}, lax: []laxity{
			{name: "own-account", check: func(a *attempt) error {
				known := a.rp.passkeys[string(a.data.credentialID)]
				return unless(known == nil || known.owner != a.ceremony.user, "the credential is registered already")
			}},
			{name: "other-accounts", check: func(a *attempt) error {
				known := a.rp.passkeys[string(a.data.credentialID)]
				return unless(known == nil || known.owner == a.ceremony.user, "the credential is registered already")
			}},
		}}},
	)
}

// registrationDeeds are what is kept of a registration (§7.1 step 27).
func registrationDeeds() []Step {
	return []Step{
		{Name: "reg/store/attested-id", Clause: registering.clause("27", "", "attested-id")},
		{Name: "reg/store/count", Clause: registering.clause("27", "", "stored")},
		{Name: "reg/store/backup-eligibility", Clause: authenticating.clause("", "19", "backup-eligibility"), Also: or(l3("6.1.3", "backup-state"))},
	}
}

// creationResult verifies a registration and keeps the passkey.
func (rp *RP) creationResult(c call) (map[string]any, error) {
	a := &attempt{rp: rp, kind: registering, visitor: c.visitor, body: c.body}
	if err := rp.follow(rp.registration, a); err != nil {
		return nil, err
	}
	user := a.ceremony.user
	if user == nil { // the challenge of a sign-in without a user name, where that is overlooked
		return nil, errors.New("the ceremony has no account")
	}
	p := &passkey{
		id: a.data.credentialID, owner: user, key: a.key, count: a.data.count, backupEligible: a.data.has(flagBE), transports: a.envelope.transports,
	}
	if !rp.does("reg/store/attested-id") {
		p.id = a.envelope.id
	}
	if !rp.does("reg/store/count") {
		p.count = 0
	}
	if !rp.does("reg/store/backup-eligibility") {
		p.backupEligible = false
	}
	rp.keep(p)
	return nil, nil
}

// keep adds a passkey to its owner's, in place of one with the same id, whoever has that.
func (rp *RP) keep(p *passkey) {
	if old := rp.passkeys[string(p.id)]; old != nil {
		old.owner.passkeys = slices.DeleteFunc(old.owner.passkeys, func(one *passkey) bool { return one == old })
	}
	rp.passkeys[string(p.id)] = p
	p.owner.passkeys = append(p.owner.passkeys, p)
}

// authenticationSteps are WebAuthn L3 §7.2, from the response on.
func authenticationSteps() []Step {
	return slices.Concat(
		envelopeSteps(authenticating), userHandleSteps(), clientDataSteps(authenticating), sessionSteps(authenticating), userSteps(), frameSteps(authenticating),
		[]Step{reads("auth/data/parse", func(a *attempt) (err error) {
			a.data, err = parseAuthData(a.envelope.authData, authenticating)
			return err
		})},
		dataSteps(authenticating),
		[]Step{
			{Name: "auth/data/backup-eligibility", Clause: authenticating.clause("", "19", "backup-eligibility"), check: func(a *attempt) error {
				return unless(a.data.has(flagBE) == a.passkey.backupEligible, "BE is not as it was at registration")
			}, lax: []laxity{
				{name: "set", check: func(a *attempt) error {
					return unless(!a.data.has(flagBE) || a.passkey.backupEligible, "BE is set, and was clear at registration")
				}},
				{name: "clear", check: func(a *attempt) error {
					return unless(a.data.has(flagBE) || !a.passkey.backupEligible, "BE is clear, and was set at registration")
				}},
			}},
			reads("auth/count/before", rememberCount),
		},
		signatureSteps(),
		[]Step{{Name: "auth/counter", Clause: authenticating.clause("", "22", "counter"), check: func(a *attempt) error {
			return unless(a.before == 0 && a.data.count == 0 || a.data.count > a.before, "the counter is %d, and was %d", a.data.count, a.before)
		}, lax: []laxity{
			{name: "equal", check: func(a *attempt) error { return unless(a.data.count >= a.before, "the counter went back") }},
			{name: "zero", check: func(a *attempt) error {
				return unless(a.data.count == 0 || a.data.count > a.before, "the counter went back")
			}},
		}}},
	)
}

// rememberCount keeps the counter that the record had. A relying party that stores before it has verified does so here.
func rememberCount(a *attempt) error {
	a.before = a.passkey.count
	if !a.rp.does("auth/store/after-verification") {
		a.passkey.count = a.data.count
	}
	return nil
}

// userSteps are §7.2 steps 5 to 7: whose credential it is.
func userSteps() []Step {
	return []Step{
		reads("auth/user/credential", func(a *attempt) error {
			a.passkey = a.rp.passkeys[string(a.envelope.id)]
			return unless(a.passkey != nil, "the credential is not known")
		}),
		{Name: "auth/user/allowed", Clause: authenticating.clause("", "5", "allow-credentials"), Also: or(authenticating.clause("", "6", "credential-of-account")), check: func(a *attempt) error {
			listed := slices.ContainsFunc(a.ceremony.allowed, func(id []byte) bool { return bytes.Equal(id, a.passkey.id) })
			return unless(a.ceremony.allowed == nil || listed, "the options did not list the credential")
		}, lax: []laxity{
			{name: "owner-only", check: func(a *attempt) error {
				return unless(a.ceremony.allowed == nil || a.passkey.owner == a.ceremony.user, "the credential is another user's")
			}},
		}},
		{Name: "auth/user/handle-present", Clause: authenticating.clause("", "6", "credential-of-account"), Also: or(authenticating.clause("", "6", "user-identified")), check: func(a *attempt) error {
			return unless(a.ceremony.user != nil || len(a.envelope.userHandle) > 0, "there is no user handle, and no user name was given")
		}},
		{Name: "auth/user/handle", Clause: authenticating.clause("", "6", "credential-of-account"), Also: or(authenticating.clause("", "6", "user-identified")), check: func(a *attempt) error {
			return unless(len(a.envelope.userHandle) == 0 || bytes.Equal(a.envelope.userHandle, a.passkey.owner.handle), "the user handle is another user's")
		}, lax: []laxity{
			{name: "without-user-name", check: func(a *attempt) error {
				return unless(a.ceremony.user == nil || len(a.envelope.userHandle) == 0 || bytes.Equal(a.envelope.userHandle, a.passkey.owner.handle), "the user handle is another user's")
			}},
			{name: "with-user-name", check: func(a *attempt) error {
				return unless(a.ceremony.user != nil || bytes.Equal(a.envelope.userHandle, a.passkey.owner.handle), "the user handle is another user's")
			}},
		}},
	}
}

// authenticationDeeds are what is kept of a sign-in (§7.2 step 24).
func authenticationDeeds() []Step {
	return []Step{
		{Name: "auth/store/count", Clause: authenticating.clause("", "24", "record-updated-at-the-end"), Also: or(authenticating.clause("", "22", "counter"))},
		{Name: "auth/store/after-verification", Clause: authenticating.clause("", "24", "record-updated-at-the-end")},
	}
}

// requestResult verifies a sign-in and brings the record up to date.
func (rp *RP) requestResult(c call) (map[string]any, error) {
	a := &attempt{rp: rp, kind: authenticating, visitor: c.visitor, body: c.body}
	if err := rp.follow(rp.authentication, a); err != nil {
		return nil, err
	}
	if rp.does("auth/store/count") {
		a.passkey.count = a.data.count
	}
	a.passkey.backedUp = a.data.has(flagBS)
	return nil, nil
}

// removal removes a passkey from an account.
func (rp *RP) removal(c call) (map[string]any, error) {
	var in struct {
		UserName string `json:"username"`
		ID       string `json:"id"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, &unserved{http.StatusBadRequest, "username and id are expected"}
	}
	id, _ := base64.RawURLEncoding.DecodeString(in.ID)
	p := rp.passkeys[string(id)]
	if p == nil || p.owner.name != in.UserName {
		return nil, &unserved{http.StatusNotFound, "there is no such account or passkey"}
	}
	delete(rp.passkeys, string(id))
	p.owner.passkeys = slices.DeleteFunc(p.owner.passkeys, func(one *passkey) bool { return one == p })
	return nil, nil
}
