package virtualauth

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// managementRequest is one sub-command of authenticatorCredentialManagement with its parameters decoded.
type managementRequest struct {
	*ctap2.CredentialManagementRequest
	parameters ctap2.CredentialManagementParameters
}

// managementSubCommand is one sub-command: what it does and what must be there.
type managementSubCommand struct {
	do       func(a *Authenticator, ctx context.Context, r managementRequest) (*ctap2.CredentialManagementResponse, error)
	complete func(p ctap2.CredentialManagementParameters) bool // nil: no parameter is required
	reads    bool                                              // a token that may only read will do (CTAP 2.2)
	scope    managementScope                                   // whom a token with an RP ID may manage here
	open     bool                                              // it continues another, and needs no token
	keeps    state                                             // what stays pending
}

// managementScope says what a token that is bound to an RP ID is good for (CTAP 2.3 §6.8.2 to §6.8.6).
type managementScope int

const (
	everybody     managementScope = iota // nothing: the answer would tell of other relying parties
	oneRP                                // that relying party, named by its hash
	oneCredential                        // credentials of that relying party
)

// managementSubCommands are all of CTAP 2.3 §6.8; whatever they do not hold is INVALID_SUBCOMMAND. Never written after the
// program has started.
var managementSubCommands = map[ctap2.CredentialManagementSubCommand]managementSubCommand{
	ctap2.GetCredsMetadata:          {do: (*Authenticator).getCredsMetadata, reads: true},
	ctap2.EnumerateRPsBegin:         {do: (*Authenticator).enumerateRPsBegin, reads: true},
	ctap2.EnumerateRPsGetNextRP:     {do: (*Authenticator).enumerateRPsGetNextRP, open: true, keeps: remainingEnumeration},
	ctap2.EnumerateCredentialsBegin: {do: (*Authenticator).enumerateCredentialsBegin, complete: namesRP, reads: true, scope: oneRP},
	ctap2.EnumerateCredentialsGetNextCredential: {
		do: (*Authenticator).enumerateCredentialsGetNextCredential, open: true, keeps: remainingEnumeration},
	ctap2.DeleteCredential:      {do: (*Authenticator).deleteCredential, complete: namesCredential, scope: oneCredential},
	ctap2.UpdateUserInformation: {do: (*Authenticator).updateUserInformation, complete: namesUser, scope: oneCredential},
}

// managementSubCommandNames are their names, by number.
func managementSubCommandNames() (names []string) {
	for _, number := range slices.Sorted(maps.Keys(managementSubCommands)) {
		names = append(names, number.String())
	}
	return names
}

func namesRP(p ctap2.CredentialManagementParameters) bool { return p.RPIDHash != nil }

func namesCredential(p ctap2.CredentialManagementParameters) bool {
	return p.Credential != nil && p.Credential.ID != nil && p.Credential.Type != ""
}

func namesUser(p ctap2.CredentialManagementParameters) bool {
	return namesCredential(p) && p.User != nil && p.User.ID != nil
}

// credentialManagement is authenticatorCredentialManagement (CTAP 2.3 §6.8).
func (a *Authenticator) credentialManagement(ctx context.Context, r *ctap2.CredentialManagementRequest) (*ctap2.CredentialManagementResponse, error) {
	if r.SubCommand == nil {
		return nil, ctap2.MissingParameter
	}
	sub, known := managementSubCommands[*r.SubCommand]
	if !known {
		return nil, ctap2.InvalidSubcommand
	}
	a.dropPending(sub.keeps)
	request := managementRequest{CredentialManagementRequest: r}
	if err := decodeParameters(r.Parameters, &request.parameters); err != nil {
		return nil, err
	}
	if !sub.open {
		if err := a.authoriseManagement(request, sub); err != nil {
			return nil, err
		}
	}
	return sub.do(a, ctx, request)
}

// getCredsMetadata counts (CTAP 2.3 §6.8.2). A model without a limit names a number all the same, because there must be one.
func (a *Authenticator) getCredsMetadata(context.Context, managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	existing := a.vault.discoverable()
	left := unlimited
	if a.model.MaxDiscoverable > 0 {
		left = max(a.model.MaxDiscoverable-existing, 0)
	}
	return &ctap2.CredentialManagementResponse{Existing: new(uint(existing)), MaxRemaining: new(uint(left))}, nil
}

// unlimited is how many more credentials a model without a limit says would fit.
const unlimited = 1<<16 - 1

// enumeration is what one of the sub-commands that begin has left for the one that continues: where it stands, among either
// relying parties or credentials, so that the wrong one finds nothing.
type enumeration struct {
	rp         *party  // the last one told, of enumerateRPsBegin
	credential *record // the last one told, of enumerateCredentialsBegin
	until      time.Time
	under      *pinuv.Authenticator // whose token began it; nil where the token does not expire
}

// over reports whether time has ended it: its own, or that of its token.
func (e *enumeration) over(now time.Time) bool {
	if e.under != nil {
		e.under.Token.ObserveUsageTimer(now)
	}
	return now.After(e.until) || e.under != nil && !e.under.Token.InUse()
}

// enumerationLimit is how long the next step may take to follow (CTAP 2.3 §6, stateful commands).
const enumerationLimit = 30 * time.Second

// enumerateRPsBegin returns the first relying party, the one that came last (CTAP 2.3 §6.8.3).
func (a *Authenticator) enumerateRPsBegin(_ context.Context, r managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := a.vault.parties.newest
	if first == nil {
		return nil, ctap2.NoCredentials
	}
	a.unfinished.enumeration = a.enumerationUnder(r)
	a.unfinished.enumeration.rp = first
	response := a.describeRP(first)
	response.TotalRPs = uint(a.vault.parties.length)
	return response, nil
}

func (a *Authenticator) enumerationUnder(r managementRequest) *enumeration {
	return &enumeration{until: a.world.Clock.Now().Add(enumerationLimit), under: a.mortal(r)}
}

// enumerateRPsGetNextRP returns the next relying party (CTAP 2.3 §6.8.3). One whose last credential was deleted meanwhile is
// passed over.
func (a *Authenticator) enumerateRPsGetNextRP(context.Context, managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.continued(); e != nil && e.rp != nil {
		if e.rp = a.vault.partyAfter(e.rp); e.rp != nil {
			return a.describeRP(e.rp), nil
		}
	}
	a.unfinished.enumeration = nil
	return nil, ctap2.NotAllowed
}

// continued returns the enumeration that goes on, or nil when there is none, its time has passed, or its token is gone.
func (a *Authenticator) continued() *enumeration {
	e, now := a.unfinished.enumeration, a.world.Clock.Now()
	if e == nil || e.over(now) && !a.Misbehave.EndlessEnumerations {
		return nil
	}
	e.until = now.Add(enumerationLimit)
	return e
}

// describeRP is what credential management tells about a relying party (CTAP 2.3 §6.8.3): the name that its newest
// credential knows.
func (a *Authenticator) describeRP(p *party) *ctap2.CredentialManagementResponse {
	newest := p.records.newest
	return &ctap2.CredentialManagementResponse{
		RP: &ctap2.RelyingParty{ID: a.model.Storage.rpID(newest.RPID), Name: newest.RPName}, RPIDHash: p.hash[:],
	}
}

// enumerateCredentialsBegin returns the newest credential of a relying party (CTAP 2.3 §6.8.4).
func (a *Authenticator) enumerateCredentialsBegin(_ context.Context, r managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var hash [32]byte
	if len(r.parameters.RPIDHash) != len(hash) {
		return nil, ctap2.NoCredentials
	}
	copy(hash[:], r.parameters.RPIDHash)
	of := a.vault.party(hash)
	if of == nil {
		return nil, ctap2.NoCredentials
	}
	a.unfinished.enumeration = a.enumerationUnder(r)
	a.unfinished.enumeration.credential = of.records.newest
	response := a.describe(of.records.newest)
	response.TotalCredentials = uint(of.records.length)
	return response, nil
}

// enumerateCredentialsGetNextCredential returns the next credential (CTAP 2.3 §6.8.4). One that its owner deleted meanwhile
// is passed over.
func (a *Authenticator) enumerateCredentialsGetNextCredential(context.Context, managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.continued(); e != nil && e.credential != nil {
		if e.credential = a.vault.recordAfter(e.credential); e.credential != nil {
			return a.describe(e.credential), nil
		}
	}
	a.unfinished.enumeration = nil
	return nil, ctap2.NotAllowed
}

// describe is what credential management tells about a credential (CTAP 2.3 §6.8.4).
func (a *Authenticator) describe(r *record) *ctap2.CredentialManagementResponse {
	c := r.clone()
	response := &ctap2.CredentialManagementResponse{
		User:       &ctap2.User{ID: c.UserHandle, Name: c.UserName, DisplayName: c.UserDisplayName},
		Credential: &ctap2.Descriptor{ID: c.ID, Type: ctap2.PublicKey}, PublicKey: c.PublicKey,
		LargeBlobKey: c.LargeBlobKey,
	}
	if a.model.extends(ctap2.ExtensionCredProtect) {
		response.CredProtect = c.protection()
	}
	if a.model.extends(ctap2.ExtensionThirdPartyPayment) {
		response.ThirdPartyPayment = &c.ThirdPartyPayment
	}
	return response
}

// deleteCredential forgets a discoverable credential and everything that hangs on it (CTAP 2.3 §6.8.5).
func (a *Authenticator) deleteCredential(ctx context.Context, r managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	found, keep := a.managed(r.parameters.Credential), a.Misbehave.KeepDeleted
	var err error
	if found != nil && !keep {
		err = a.forget(ctx, found)
	}
	a.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, ctap2.NoCredentials
	case keep:
		return nil, nil
	}
	return nil, a.destroy(ctx, found)
}

// managed finds the discoverable credential that a descriptor names, or nil.
func (a *Authenticator) managed(d *ctap2.Descriptor) *record {
	found := a.vault.find(d.ID)
	if found == nil || !found.Discoverable || d.Type != ctap2.PublicKey {
		return nil
	}
	return found
}

// updateUserInformation replaces the names of a credential's user; a name that is not there any more is removed
// (CTAP 2.3 §6.8.6).
func (a *Authenticator) updateUserInformation(ctx context.Context, r managementRequest) (*ctap2.CredentialManagementResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.managed(r.parameters.Credential)
	user := r.parameters.User
	switch {
	case found == nil:
		return nil, ctap2.NoCredentials
	case !slices.Equal(found.UserHandle, user.ID):
		return nil, ctap2.InvalidParameter
	}
	a.vault.changes++
	return nil, a.change(ctx, found, func(c *Credential) {
		c.UserName, c.UserDisplayName = a.model.Storage.name(user.Name), a.model.Storage.name(user.DisplayName)
	})
}
