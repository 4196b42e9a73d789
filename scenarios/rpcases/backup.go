package rpcases

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
)

// backup is about whether a credential may be backed up (BE), and whether it is (BS): WebAuthn L3 §6.1.3, §7.1 steps 17 to 19,
// §7.2 steps 18, 19 and 24.
func backup() []Case {
	flags, eligibility, state := l3("6.1.3", "backup-state"), auth("19", "backup-eligibility"), auth("24", "backup-state-updated")
	return []Case{
		{
			ID: "auth/backup/backed-up-but-not-eligible", Aliases: []string{"S-BKP-002"}, Level: must, Clause: auth("18", "backup-flags"),
			Says: "an assertion that is backed up and must not be is refused",
			Run:  Authentication{Lie: Lie{Is: "BS set and BE clear", Device: virtualauth.Misbehaviour{BSWithoutBE: true}}}.Refused,
		},
		{
			ID: "reg/backup/eligible", Aliases: []string{"S-BKP-003"}, Level: must, Clause: flags,
			Says: "a credential that may be backed up, and is not yet, is accepted unless the relying party says that it wants none",
			Run:  unlessRefused(Policy.backupEligible, Registration{Model: kept(virtualauth.NotBackedUpYet)}),
		},
		{
			ID: "reg/backup/backed-up", Aliases: []string{"S-BKP-004"}, Level: must, Clause: flags,
			Says: "a credential that is backed up is accepted unless the relying party says that it wants none",
			Run:  unlessRefused(Policy.backupEligible, Registration{Model: kept(virtualauth.Synced)}),
		},
		{
			ID: "reg/backup/device-bound-only", Aliases: []string{"S-BKP-005"}, Level: policy, Clause: reg("18", "backup-eligibility-policy"),
			Needs: []conformance.Capability{Configured(DeviceBoundOnly)},
			Says:  "a credential that may be backed up is refused where only such are wanted that stay on their device",
			Run: in(DeviceBoundOnly, Registration{
				Lies: []Lie{
					{Is: "BE set", Device: virtualauth.Misbehaviour{FlipFlags: authdata.BE}},
					{Is: "BE and BS set", Device: virtualauth.Misbehaviour{FlipFlags: authdata.BE | authdata.BS}},
				},
			}.Refused),
		},
		{
			ID: "reg/backup/backed-up-only", Aliases: []string{"S-BKP-006"}, Level: policy, Clause: reg("18", "backup-eligibility-policy"),
			Needs: []conformance.Capability{Configured(SyncedOnly)},
			Says:  "a credential that stays on its device is refused where only such are wanted that may be backed up",
			Run: in(SyncedOnly, Registration{
				Model: kept(virtualauth.NotBackedUpYet), Lie: Lie{Is: "BE clear", Device: virtualauth.Misbehaviour{FlipFlags: authdata.BE}},
			}.Refused),
		},
		{
			ID: "auth/backup/no-longer-eligible", Aliases: []string{"S-BKP-008"}, Level: must, Clause: eligibility,
			Says: "a credential that might be backed up at its registration, and may not any more, is refused by a relying party that uses these flags",
			Run: changedEligibility(Authentication{
				Model: kept(virtualauth.Synced), Lie: Lie{Is: "BE clear, which was set at registration", Device: virtualauth.Misbehaviour{FlipBE: true}},
			}),
		},
		{
			ID: "auth/backup/becomes-backed-up", Aliases: []string{"S-BKP-009"}, Level: must, Clause: state,
			Says: "a credential that was not backed up and is now is accepted, now and the next time",
			Run:  backedUp(virtualauth.NotBackedUpYet, true),
		},
		{
			ID: "auth/backup/no-longer-backed-up", Aliases: []string{"S-BKP-010"}, Level: must, Clause: state,
			Says: "a credential that was backed up and is no longer is accepted, now and the next time",
			Run:  backedUp(virtualauth.Synced, false),
		},
		{
			ID: "auth/backup/not-poisoned", Aliases: []string{"S-BKP-011"}, Level: must, Clause: auth("24", "record-updated-at-the-end"),
			Says: "the flags of an assertion with a bad signature are not kept: the next honest one is accepted",
			Run: Authentication{Model: kept(virtualauth.NotBackedUpYet), Lies: []Lie{
				{Is: "a spoilt signature and BS set", Device: virtualauth.Misbehaviour{BadSignature: true, FlipFlags: authdata.BS}},
				{Is: "a spoilt signature and BE clear", Device: virtualauth.Misbehaviour{BadSignature: true, FlipFlags: authdata.BE}},
			}}.Refused,
		},
	}
}

func backupExcuses() []Excuse {
	return []Excuse{{
		"S-BKP-012", "a credential of the time before the flags is one that the server stored then: no response that a server of today is sent makes it store one without them",
	}}
}

// changedEligibility judges sign-ins whose BE is not that of the registration. The step that compares them is for relying parties
// that use the backup state in what they do (WebAuthn L3 §7.2 step 19); of others it is only told.
func changedEligibility(a Authentication) Run {
	return byPolicy(func(p Policy) string { return p.BackupChanges }, a.Refused, a.Accepted, func(ctx context.Context, b *Bench) error {
		b.Advise("the target does not say whether its server compares backup eligibility with that of the registration (policy.backupChanges)")
		return a.Observed(ctx, b)
	})
}

// kept makes an authenticator whose credentials are backed up, may be, or stay where they are.
func kept(how virtualauth.Backup) Model { return func(m *virtualauth.Model) { m.Backup = how } }

func (p Policy) backupEligible() string { return p.BackupEligible }

// unlessRefused wants the registration to be accepted, or, where the policy says "refuse", to be refused. What is refused then
// is the ceremony's model, so the honest control is one of the usual kind.
func unlessRefused(setting func(Policy) string, r Registration) Run {
	return func(ctx context.Context, b *Bench) error {
		if setting(b.Policy) != "refuse" {
			return r.Accepted(ctx, b)
		}
		if err := (Registration{}).control(ctx, b); err != nil {
			return err
		}
		answer, err := b.Person(r.Model).Registers(ctx, r.Ask, Lie{})
		if err != nil {
			return conformance.Control("registration", err)
		}
		return b.MustRefuse("registration of a kind that the relying party says that it refuses", answer)
	}
}

// backedUp lets a credential change its backup state between two sign-ins, as when its owner turns sync on or off, and back.
func backedUp(model virtualauth.Backup, now bool) Run {
	return func(ctx context.Context, b *Bench) error {
		p, err := Authentication{Model: kept(model)}.control(ctx, b)
		if err != nil {
			return err
		}
		for i, state := range []bool{now, now, !now} {
			if err := p.Device.SetBackedUp(p.credential().ID, state); err != nil {
				return conformance.Control("the authenticator", err)
			}
			if err := p.mustSignIn(ctx, Ask{}, fmt.Sprintf("sign-in %d, with backup state %t", i+2, state)); err != nil {
				return err
			}
		}
		return nil
	}
}
