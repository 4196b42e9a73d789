package journeys

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// This file holds what every journey is asked at its end: whether the relying party's rows, what the devices keep, and the
// audit log and notices tell one story. Three things may differ, and each must be accounted for: a row whose passkey the
// person removed from the device, or that the relying party itself marks as replaced; a passkey that was refused or deleted,
// which the relying party has on record; and a passkey that the relying party cannot know of, which the journey declares.

// ledger is what a journey did outside the relying party, as far as its agreement depends on that.
type ledger struct {
	plugged []*webauthn.Authenticator
	removed map[string]bool   // ids of the passkeys that she took off a device
	strays  map[string]string // by where they are: why the relying party cannot know of them
	perhaps map[string]bool   // strays that depend on who is faster, and need not be there
	copies  map[string]bool   // ids that a second device claims for a passkey of its own
	phones  []*phone.Phone    // beside those of the stage
}

// tookOff notes that a passkey was removed from its device, whatever the relying party keeps of it.
func (l *ledger) tookOff(id []byte) {
	if l.removed == nil {
		l.removed = map[string]bool{}
	}
	l.removed[string(id)] = true
}

// leavesStray declares that a provider keeps passkeys of which the relying party has no record, and why. A declaration that is
// not needed fails the journey.
func (p *Person) leavesStray(where, why string) {
	if p.ledger.strays == nil {
		p.ledger.strays = map[string]string{}
	}
	p.ledger.strays[where] = why
}

// mayLeaveStray is leavesStray where the passkey's answer may or may not have reached the relying party.
func (p *Person) mayLeaveStray(where, why string) {
	p.leavesStray(where, why)
	if p.ledger.perhaps == nil {
		p.ledger.perhaps = map[string]bool{}
	}
	p.ledger.perhaps[where] = true
}

// leavesCopy declares that a second device keeps a passkey under the id of a stored one.
func (p *Person) leavesCopy(id []byte) {
	if p.ledger.copies == nil {
		p.ledger.copies = map[string]bool{}
	}
	p.ledger.copies[string(id)] = true
}

// kept is one passkey on a device.
type kept struct {
	where string
	id    []byte
}

// account is what a journey left on the three sides.
type account struct {
	rows    []rp.Credential
	kept    []kept
	refused []rp.RefusedTry
	audit   []rp.AuditEvent
	notices []rp.Notice
}

// agrees finds that the three stores tell one story. A relying party that runs elsewhere shows only one of them.
func (p *Person) agrees() {
	GinkgoHelper()
	if p.RP == nil {
		return
	}
	p.does("finds that the server, the devices and the audit log agree", func(ctx context.Context) error {
		found, err := p.takesStock(ctx)
		if err != nil {
			return err
		}
		return found.disagreement(p.ledger)
	})
}

// takesStock reads all three sides, of everybody whom the audit log knows.
func (p *Person) takesStock(ctx context.Context) (found account, err error) {
	if found.kept, err = p.keeps(ctx); err != nil {
		return found, err
	}
	if found.audit, err = p.RP.AuditEvents(ctx, ""); err != nil {
		return found, err
	}
	if found.notices, err = p.RP.Notices(ctx, ""); err != nil {
		return found, err
	}
	var known []string
	for _, event := range found.audit {
		if event.UserID == "" || slices.Contains(known, event.UserID) {
			continue
		}
		known = append(known, event.UserID)
		rows, err := p.RP.Credentials(ctx, event.UserID)
		if err != nil {
			return found, err
		}
		refused, err := p.RP.RefusedTries(ctx, event.UserID)
		if err != nil {
			return found, err
		}
		found.rows, found.refused = append(found.rows, rows...), append(found.refused, refused...)
	}
	return found, nil
}

// keeps are the passkeys for this relying party on all devices: the stage's providers, the phone, and the DevTools
// authenticators of windows that are still open.
func (p *Person) keeps(ctx context.Context) (all []kept, err error) {
	add := func(where string, list []virtualauth.Credential) {
		for _, c := range list {
			if c.RPID == p.RPID() {
				all = append(all, kept{where, c.ID})
			}
		}
	}
	for _, pocket := range p.Handset.Pockets() {
		add(pocket.Provider.Name, pocket.Authenticator.Credentials())
	}
	phones := p.ledger.phones
	if p.Reach != nil {
		phones = append(slices.Clone(phones), p.Reach.Phone)
	}
	for _, one := range phones {
		for _, passkey := range one.Passkeys() {
			add(passkey.Provider, []virtualauth.Credential{passkey.Credential})
		}
	}
	for _, authenticator := range p.ledger.plugged {
		list, err := authenticator.Credentials(ctx)
		if err != nil {
			return nil, fmt.Errorf("look into a virtual authenticator: %w", err)
		}
		for _, c := range list {
			if c.RPID == "" || c.RPID == p.RPID() {
				all = append(all, kept{devTools, c.CredentialID})
			}
		}
	}
	return all, nil
}

// devTools is where the passkeys of DevTools' virtual authenticators are.
const devTools = "a virtual authenticator"

// tailOf is how the audit log names a passkey.
func tailOf(id []byte) string {
	key := base64.RawURLEncoding.EncodeToString(id)
	return key[max(0, len(key)-8):]
}

// disagreement is everything on which the sides differ without an account of it.
func (a account) disagreement(l *ledger) error {
	return errors.Join(a.rowsWithoutDevice(l), a.devicesWithoutRow(l), a.untoldRows(), a.untoldDeeds())
}

// rowsWithoutDevice are rows that not exactly one device holds.
func (a account) rowsWithoutDevice(l *ledger) error {
	var errs []error
	for _, row := range a.rows {
		holders, want := 0, 1
		if l.copies[string(row.ID)] {
			want = 2
		}
		for _, one := range a.kept {
			if string(one.id) == string(row.ID) {
				holders++
			}
		}
		gone := holders == 0 && (l.removed[string(row.ID)] || row.ReplacedHint)
		if holders != want && !gone {
			errs = append(errs, fmt.Errorf("the row %q (…%s) has %d devices that hold its passkey", row.Name, tailOf(row.ID), holders))
		}
	}
	return errors.Join(errs...)
}

// devicesWithoutRow are passkeys on devices that are neither stored nor on record as refused or deleted, nor declared.
func (a account) devicesWithoutRow(l *ledger) error {
	var errs []error
	needed := map[string]bool{}
	for _, one := range a.kept {
		if a.hasRow(one.id) || a.hasRefused(one.id) || a.count(rp.ActionPasskeyDeleted, tailOf(one.id)) > 0 {
			continue
		}
		needed[one.where] = true
		if l.strays[one.where] == "" {
			errs = append(errs, fmt.Errorf("%s keeps a passkey (…%s) of which the relying party has no record", one.where, tailOf(one.id)))
		}
	}
	for where, why := range l.strays {
		if !needed[where] && !l.perhaps[where] {
			errs = append(errs, fmt.Errorf("a stray in %s was declared (%s), and there is none", where, why))
		}
	}
	return errors.Join(errs...)
}

func (a account) hasRow(id []byte) bool {
	return slices.ContainsFunc(a.rows, func(row rp.Credential) bool { return string(row.ID) == string(id) })
}

func (a account) hasRefused(id []byte) bool {
	hash := sha256.Sum256(id)
	return slices.ContainsFunc(a.refused, func(try rp.RefusedTry) bool { return string(try.CredentialIDHash) == string(hash[:]) })
}

// count is how often the audit log has a deed on a target, done by somebody and with no code of a refusal.
func (a account) count(action rp.Action, target string) (n int) {
	for _, event := range a.audit {
		if event.Action == action && event.Target == target && event.Actor != "" && event.Code == "" {
			n++
		}
	}
	return n
}

// untoldRows are rows that the audit log does not have as added once more than deleted, and deeds on passkeys that there are no
// rows for.
func (a account) untoldRows() error {
	var errs []error
	for _, row := range a.rows {
		tail := tailOf(row.ID)
		if left := a.count(rp.ActionPasskeyAdded, tail) - a.count(rp.ActionPasskeyDeleted, tail); left != 1 {
			errs = append(errs, fmt.Errorf("the audit log has the row …%s as added %d times more than deleted", tail, left))
		}
	}
	for _, event := range a.audit {
		stored := slices.ContainsFunc(a.rows, func(row rp.Credential) bool { return tailOf(row.ID) == event.Target && row.UserID == event.UserID })
		left := a.count(rp.ActionPasskeyAdded, event.Target) - a.count(rp.ActionPasskeyDeleted, event.Target)
		if event.Action == rp.ActionPasskeyAdded && !stored && left != 0 {
			errs = append(errs, fmt.Errorf("the audit log has …%s as added %d times more than deleted, and there is no row", event.Target, left))
		}
	}
	return errors.Join(errs...)
}

// untoldDeeds are deeds on passkeys that were audited and not told to their person, or the other way round.
func (a account) untoldDeeds() error {
	told, audited := map[string]int{}, map[string]int{}
	for _, notice := range a.notices {
		kind := notice.Kind
		if kind == rp.ActionPasskeyRemoved {
			kind = rp.ActionPasskeyDeleted
		}
		told[notice.UserID+" "+string(kind)]++
	}
	for _, event := range a.audit {
		audited[event.UserID+" "+string(event.Action)]++
	}
	var errs []error
	for _, kind := range []rp.Action{rp.ActionPasskeyAdded, rp.ActionPasskeyDeleted, rp.ActionPasskeyRenamed} {
		for _, event := range a.audit {
			if deed := event.UserID + " " + string(kind); event.Action == rp.ActionSignUp && told[deed] != audited[deed] {
				errs = append(errs, fmt.Errorf("%s was told %d times and audited %d times", kind, told[deed], audited[deed]))
			}
		}
	}
	return errors.Join(errs...)
}
