package virtualauth

import (
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// makeCredential is authenticatorMakeCredential (CTAP 2.3 §6.1.2): it judges the request, asks the user one question, and
// makes the credential.
func (a *Authenticator) makeCredential(ctx context.Context, r *ctap2.MakeCredentialRequest) (*ctap2.MakeCredentialResponse, error) {
	if err := checkNewAccount(r); err != nil {
		return nil, err
	}
	p := newProof(r.PINUVAuthProtocol, r.PINUVAuthParam, r.ClientDataHash, r.Options)
	if err := a.open(ctx, p, r.RP.ID); err != nil {
		return nil, err
	}
	algorithm, err := a.chooseAlgorithm(r.Parameters)
	if err != nil {
		return nil, err
	}
	want, err := a.makeCredentialOptions(r.Options, &p)
	if err != nil {
		return nil, err
	}
	enterprise, err := a.enterprise(r)
	if err != nil {
		return nil, err
	}
	proven, err := p.byToken(a, pinuv.MC, r.RP.ID)
	if err != nil {
		return nil, err
	}
	excluded, err := a.checkList(r.ExcludeList)
	if err != nil {
		return nil, err
	}
	g, err := a.consentToCreate(ctx, creating{r, want, proven, excluded})
	if err != nil {
		return nil, err
	}
	effects, err := a.judgeCreation(r, want, g)
	if err != nil {
		return nil, err
	}
	return a.create(ctx, r, creation{want: want, gesture: g, algorithm: algorithm, enterprise: enterprise, effects: effects})
}

// enterprise decides which type of enterprise attestation to make: 1, 2, or 0 for none (CTAP 2.3 §6.1.2, enterprise
// attestation step; §7.1). An RP that is not on the list of type 1 gets the usual attestation and learns nothing.
func (a *Authenticator) enterprise(r *ctap2.MakeCredentialRequest) (uint, error) {
	asked := r.EnterpriseAttestation
	switch {
	case asked == nil:
		return 0, nil
	case !a.read(func(a *Authenticator) bool { return a.model.Config.Enterprise && a.settings.EnterpriseAttestation }):
		return 0, ctap2.InvalidParameter
	case *asked != 1 && *asked != 2:
		return 0, ctap2.InvalidOption
	case *asked == 1 && !slices.Contains(a.model.Config.EnterpriseRPIDs, r.RP.ID):
		return 0, nil
	}
	return *asked, nil
}

// maxUserHandle is the length of the longest user handle in bytes (WebAuthn L3 §5.4.3).
const maxUserHandle = 64

// checkNewAccount judges what must be there and how long.
func checkNewAccount(r *ctap2.MakeCredentialRequest) error {
	if err := checkHash(r.ClientDataHash); err != nil {
		return err
	}
	if r.RP.ID == "" || r.User.ID == nil || r.Parameters == nil {
		return ctap2.MissingParameter
	}
	if n := len(r.User.ID); n < 1 || n > maxUserHandle {
		return ctap2.InvalidLength
	}
	return nil
}

// chooseAlgorithm picks the first that it can use and reads the list to its end all the same: a malformed element behind a
// usable one is an error too (CTAP 2.3 §6.1.2 step 3).
func (a *Authenticator) chooseAlgorithm(offered []ctap2.Parameters) (chosen cose.Algorithm, err error) {
	for _, p := range offered {
		if p.Type == "" || p.Algorithm == 0 {
			return 0, ctap2.InvalidCBOR // the status that step 3 gives as its example
		}
		if chosen == 0 && p.Type == ctap2.PublicKey && a.usable(p.Algorithm) {
			chosen = p.Algorithm
		}
	}
	if a.Misbehave.Algorithm != 0 {
		chosen = a.Misbehave.Algorithm
	}
	if chosen == 0 {
		return 0, ctap2.UnsupportedAlgorithm
	}
	return chosen, nil
}

// makeCredentialOptions applies the option steps of CTAP 2.3 §6.1.2, from "up" to makeCredUvNotRqd, and may switch built-in
// verification on.
func (a *Authenticator) makeCredentialOptions(o *ctap2.Options, p *proof) (want wanted, err error) {
	if o == nil {
		o = &ctap2.Options{}
	}
	if o.UserPresence != nil && !*o.UserPresence {
		return wanted{}, ctap2.InvalidOption
	}
	want = wanted{presence: true, discoverable: o.ResidentKey != nil && *o.ResidentKey}
	if want.discoverable && a.model.NonDiscoverableOnly {
		return wanted{}, ctap2.UnsupportedOption
	}
	if err := p.always(a); err != nil {
		return wanted{}, err
	}
	// makeCredUvNotRqd frees only credentials that are not discoverable from verification.
	if (want.discoverable || a.model.VerifyToCreate) && !p.given() && a.read((*Authenticator).protected) {
		return wanted{}, a.unverified()
	}
	want.verification = p.uv
	want.discoverable = want.discoverable || a.model.AlwaysDiscoverable
	return want, nil
}

// creating is a makeCredential that has been judged.
type creating struct {
	request  *ctap2.MakeCredentialRequest
	want     wanted
	proven   gesture // by a token
	excluded [][]byte
}

// consentToCreate asks the one question that fits: exclude list, duplicate account and user presence of CTAP 2.3 §6.1.2 in one
// gesture.
func (a *Authenticator) consentToCreate(ctx context.Context, c creating) (gesture, error) {
	r := c.request
	prompt := Prompt{
		Reason: ToCreate, RPID: r.RP.ID, RPName: r.RP.Name, Verify: c.want.verification,
		Accounts: []Account{{UserName: r.User.Name, DisplayName: r.User.DisplayName}},
	}
	g := gesture{present: true, verified: c.proven.verified || c.want.verification}
	if known := a.knownOf(r.RP.ID, c.excluded, g.verified); known != nil && !a.Misbehave.IgnoreExcludeList {
		prompt.Reason, prompt.Accounts = ToShowExcluded, []Account{known.account()}
		return gesture{}, a.refuseExcluded(ctx, prompt, c.proven)
	}
	if known := a.duplicateOf(r, c.want); known != nil {
		prompt.Reason, prompt.Accounts = ToExplainDuplicate, []Account{known.account()}
		if _, err := a.ask(ctx, prompt); err != nil {
			return gesture{}, err
		}
		return gesture{}, ctap2.OperationDenied
	}
	if _, err := a.askFor(ctx, prompt, c.proven); err != nil {
		return gesture{}, err
	}
	a.endGesture()
	return g, nil
}

// refuseExcluded answers for an excluded credential. A site may not learn that it exists unless the user agrees: declining is
// OPERATION_DENIED (WebAuthn L3 §6.3.2 step 3). Letting the time pass is CREDENTIAL_EXCLUDED, though: CTAP 2.3 §6.1.2 step 12
// is explicit about it, and by then the wait has told the site as much.
func (a *Authenticator) refuseExcluded(ctx context.Context, p Prompt, proven gesture) error {
	if a.Misbehave.RevealExcluded {
		return ctap2.CredentialExcluded
	}
	consent, err := a.askFor(ctx, p, proven)
	if err != nil && !consent.Late {
		return err
	}
	return ctap2.CredentialExcluded
}

// knownOf returns a credential of the RP that a list names, or nil.
func (a *Authenticator) knownOf(rpID string, ids [][]byte, verified bool) *Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		if r := a.vault.find(id); r != nil && r.belongsTo(rpID) && a.mayUse(r, verified, true) {
			known := r.clone()
			return &known
		}
	}
	return nil
}

// duplicateOf returns the account's credential that stands in the way, or nil.
func (a *Authenticator) duplicateOf(r *ctap2.MakeCredentialRequest, want wanted) *Credential {
	if !want.discoverable || a.model.DuplicateUser != Refuse {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.vault.ofAccount(r.RP.ID, r.User.ID); known != nil {
		copied := known.clone()
		return &copied
	}
	return nil
}
