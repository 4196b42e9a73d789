package virtualauth

import (
	"context"
	"slices"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// makeCredential is authenticatorMakeCredential (CTAP 2.2 §6.1.2): it judges the request, asks the user one question, and
// makes the credential.
func (a *Authenticator) makeCredential(ctx context.Context, r *ctap2.MakeCredentialRequest) (*ctap2.MakeCredentialResponse, error) {
	if err := checkNewAccount(r); err != nil {
		return nil, err
	}
	if err := checkPINUVAuth(r.PINUVAuthParam, r.PINUVAuthProtocol); err != nil {
		return nil, err
	}
	algorithm, err := a.chooseAlgorithm(r.Parameters)
	if err != nil {
		return nil, err
	}
	want, err := a.makeCredentialOptions(r.Options)
	if err != nil {
		return nil, err
	}
	if r.EnterpriseAttestation != 0 { // step 9: not supported here
		return nil, ctap2.InvalidParameter
	}
	excluded, err := a.checkList(r.ExcludeList)
	if err != nil {
		return nil, err
	}
	g, err := a.consentToCreate(ctx, r, want, excluded)
	if err != nil {
		return nil, err
	}
	return a.create(ctx, r, creation{want: want, gesture: g, algorithm: algorithm})
}

// checkNewAccount judges what must be there and how long.
func checkNewAccount(r *ctap2.MakeCredentialRequest) error {
	if err := checkHash(r.ClientDataHash); err != nil {
		return err
	}
	if r.RP.ID == "" || r.User.ID == nil || r.Parameters == nil {
		return ctap2.MissingParameter
	}
	if n := len(r.User.ID); n < 1 || n > 64 { // WebAuthn L3 §5.4.3
		return ctap2.InvalidLength
	}
	return nil
}

// chooseAlgorithm picks the first that it can use and reads the list to its end all the same: a malformed element behind a
// usable one is an error too (CTAP 2.2 §6.1.2 step 3).
func (a *Authenticator) chooseAlgorithm(offered []ctap2.Parameters) (chosen cose.Algorithm, err error) {
	for _, p := range offered {
		if p.Type == "" || p.Algorithm == 0 {
			return 0, ctap2.InvalidCBOR // the status that step 3 gives as its example
		}
		if chosen == 0 && p.Type == ctap2.PublicKey && slices.Contains(a.model.algorithms(), p.Algorithm) {
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

// makeCredentialOptions applies steps 5 to 8 of CTAP 2.2 §6.1.2.
func (a *Authenticator) makeCredentialOptions(o *ctap2.Options) (want wanted, err error) {
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
	if want.verification, err = a.verification(o.UserVerification, true); err != nil {
		return wanted{}, err
	}
	// makeCredUvNotRqd frees only credentials that are not discoverable from verification (step 7); without a PIN to ask
	// for, what remains is a refusal.
	if want.discoverable && !want.verification && a.model.Verification == VerificationReady {
		return wanted{}, ctap2.OperationDenied
	}
	want.discoverable = want.discoverable || a.model.AlwaysDiscoverable
	return want, nil
}

// consentToCreate asks the one question that fits: steps 11, 12 and 14 of CTAP 2.2 §6.1.2 in one gesture.
func (a *Authenticator) consentToCreate(ctx context.Context, r *ctap2.MakeCredentialRequest, want wanted, excluded [][]byte) (gesture, error) {
	prompt := Prompt{
		Reason: ToCreate, RPID: r.RP.ID, RPName: r.RP.Name, Verify: want.verification,
		Accounts: []Account{{UserName: r.User.Name, DisplayName: r.User.DisplayName}},
	}
	if known := a.knownOf(r.RP.ID, excluded); known != nil && !a.Misbehave.IgnoreExcludeList {
		prompt.Reason, prompt.Accounts = ToShowExcluded, []Account{known.account()}
		return gesture{}, a.refuseExcluded(ctx, prompt)
	}
	if known := a.duplicateOf(r, want); known != nil {
		prompt.Reason, prompt.Accounts = ToExplainDuplicate, []Account{known.account()}
		if _, err := a.ask(ctx, prompt); err != nil {
			return gesture{}, err
		}
		return gesture{}, ctap2.OperationDenied
	}
	if _, err := a.ask(ctx, prompt); err != nil {
		return gesture{}, err
	}
	return gesture{present: true, verified: want.verification}, nil
}

// refuseExcluded answers for an excluded credential. A site may not learn that it exists unless the user agrees: declining is
// OPERATION_DENIED (WebAuthn L3 §6.3.2 step 3). Letting the time pass is CREDENTIAL_EXCLUDED, though: CTAP 2.2 §6.1.2 step 12
// is explicit about it, and by then the wait has told the site as much.
func (a *Authenticator) refuseExcluded(ctx context.Context, p Prompt) error {
	if a.Misbehave.RevealExcluded {
		return ctap2.CredentialExcluded
	}
	consent, err := a.ask(ctx, p)
	if err != nil && !consent.Late {
		return err
	}
	return ctap2.CredentialExcluded
}

// knownOf returns a credential of the RP that a list names, or nil.
func (a *Authenticator) knownOf(rpID string, ids [][]byte) *Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		if r := a.vault.find(id); r != nil && r.RPID == rpID {
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
