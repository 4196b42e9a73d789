package journeys

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/google/uuid"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/passkeylab/passkeylab/harness/browser/webauthn"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words about what the organisation's policy does to people, and about its administrator.

// chromiumKey is the AAGUID of every DevTools authenticator.
var chromiumKey = uuid.MustParse("01020304-0506-0708-0102-030405060708")

// attestedOnly is the policy of an organisation whose new passkeys must prove their model.
func attestedOnly() policy.Policy {
	return policy.Policy{AttestationEnforcement: policy.EnforcementRegistrationOnly}
}

// adminsAddPasskeys is the policy of an organisation whose people add none themselves.
func adminsAddPasskeys() policy.Policy {
	no := false
	return policy.Policy{IsSelfServiceRegistrationAllowed: &no}
}

// groups are targets of a policy.
func groups(names ...string) []policy.Target {
	all := make([]policy.Target, len(names))
	for i, name := range names {
		all[i] = policy.Target{ID: name}
	}
	return all
}

// ---- the administrator

// belongsTo makes the administrator put the person into exactly these groups.
func (p *Person) belongsTo(groups ...string) {
	GinkgoHelper()
	p.inside("the groups of its people")
	visitor := p.visits()
	p.does(fmt.Sprintf("is put into the groups %q, and no other, by the administrator", groups), func(ctx context.Context) error {
		body, err := json.Marshal(map[string]any{"memberOf": groups})
		if err != nil {
			return err
		}
		reply, err := visitor.Administer(ctx, http.MethodPatch, adminsUser+p.Account.UserName, body)
		if err != nil {
			return err
		}
		return holds("the answer", reply.Status, gomega.Equal(http.StatusNoContent))
	})
}

const adminsUser = "/admin/api/v1.0/users/"

// adminReads returns what the administrator is told about the person's passkeys.
func (p *Person) adminReads() []adminsPasskey {
	GinkgoHelper()
	p.inside("the admin API")
	visitor := p.visits()
	var list struct{ Value []adminsPasskey }
	p.does("is looked up by the administrator", func(ctx context.Context) error {
		reply, err := visitor.Administer(ctx, http.MethodGet, adminsUser+p.Account.UserName+"/authentication/fido2Methods", nil)
		if err != nil {
			return err
		}
		if err := holds("the answer", reply.Status, gomega.Equal(http.StatusOK)); err != nil {
			return err
		}
		return json.Unmarshal(reply.Body, &list)
	})
	return list.Value
}

// adminsPasskey is a passkey as the admin API tells it.
type adminsPasskey struct {
	AAGUID string `json:"aaGuid"`
	Level  string `json:"attestationLevel"`
}

// ---- adding

// pressesAdd presses Add on Security info and finds a screen.
func (p *Person) pressesAdd(to page.Step) page.Screen {
	GinkgoHelper()
	p.pressesHook(page.Add)
	return p.sees(to)
}

// findsNoRowToChoose finds every method of S1 there and closed.
func (p *Person) findsNoRowToChoose() {
	GinkgoHelper()
	for _, row := range []page.Hook{page.MethodApp, page.MethodKey, page.MethodPasskey, page.Primary} {
		p.finds(fmt.Sprintf("the %s control cannot be pressed", row), p.enabled(row), gomega.BeFalse())
	}
}

// findsNoCeremony finds that no registration was begun.
func (p *Person) findsNoCeremony() {
	GinkgoHelper()
	p.finds("no ceremony was begun", p.registrations(), gomega.BeEmpty())
}

// hasPasskeysOn makes passkeys of a provider be there, each on a phone of its own.
func (p *Person) hasPasskeysOn(phones int, in provider.Provider) {
	GinkgoHelper()
	p.does(fmt.Sprintf("has passkeys in %s on %d phones", in.Name, phones), func(context.Context) error {
		for i := range phones {
			p.hasPasskeyIn(onPhone(i, in))
		}
		return nil
	})
	p.findsStored(phones)
}

// onPhone is a provider on one of many phones.
func onPhone(number int, in provider.Provider) provider.Provider {
	in.Name = fmt.Sprintf("%s, phone %d", in.Name, number+1)
	return in
}

// race posts one response of each visitor, all at the same time, as a nervous network would.
func (p *Person) race(visitors []*lab.Visitor, responses [][]byte) []*lab.Reply {
	GinkgoHelper()
	replies, errs := make([]*lab.Reply, len(visitors)), make([]error, len(visitors))
	p.does(fmt.Sprintf("posts %d responses at the same time", len(visitors)), func(ctx context.Context) error {
		var all sync.WaitGroup
		for i := range visitors {
			all.Go(func() { replies[i], errs[i] = visitors[i].Verify(ctx, responses[i]) })
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	})
	return replies
}

// verdicts are the statuses and codes of answers: "201", "409 policy.limit_reached".
func verdicts(replies []*lab.Reply) []string {
	all := make([]string, len(replies))
	for i, reply := range replies {
		all[i] = strings.TrimSpace(fmt.Sprintf("%d %s", reply.Status, reply.Code()))
	}
	return all
}

// ---- signing in

// findsSignInRefused tries to sign in with the passkey of a provider, and finds that the policy is in the way and that nothing
// else happened.
func (p *Person) findsSignInRefused(in provider.Provider, before lab.Passkey) {
	GinkgoHelper()
	p.phoneSavesIn(in)
	p.usesAPasskey()
	screen := p.sees(page.Blocked)
	p.finds("the screen carries the code of the refusal", screen.Code, gomega.BeEquivalentTo(rp.CodeSignInBlocked))
	p.reads("You can't use this passkey here", "Choose another passkey, or sign in another way")
	p.findsStoredAs(before)
	p.findsHeld(in, 1)
	p.findsAudited(rp.ActionSignInRefused, rp.CodeSignInBlocked)
	p.opens("/security-info", page.SignIn)
}

// findsSignInWorks signs in with the passkey of a provider, and finds that it was used.
func (p *Person) findsSignInWorks(in provider.Provider) {
	GinkgoHelper()
	p.phoneSavesIn(in)
	p.usesAPasskey()
	p.sees(page.S0)
	p.finds("the passkey was used", p.row(p.findsStored(1)[0]).LastUsedAt, gomega.BeTemporally("==", p.Clock.Now()))
}

// putsItOff presses Not now on the campaign's screen, which said how often that could be done, and lands on Security info.
func (p *Person) putsItOff(left string) {
	GinkgoHelper()
	p.reads("Add a passkey to keep signing in safely", left)
	p.presses("Not now")
	p.sees(page.S0)
}

// ---- authenticators

// triedWith is the memory of a refused passkey of a model, and why it was refused.
func triedWith(aaguid uuid.UUID, why rp.Code) gomegatypes.GomegaMatcher {
	return gomega.And(gomega.HaveField("AAGUID", aaguid), gomega.HaveField("Reason", why))
}

// removesAllFrom empties a DevTools authenticator.
func (p *Person) removesAllFrom(authenticator *webauthn.Authenticator) {
	GinkgoHelper()
	p.does("removes what the authenticator holds", authenticator.ClearCredentials)
}

// lies makes a device of the handset lie from now on; the zero value is honest.
func (p *Person) lies(in provider.Provider, lie virtualauth.Misbehaviour) {
	GinkgoHelper()
	p.does("has a "+in.Name+" that need not tell the truth", func(context.Context) error {
		p.Handset.Has(in).Authenticator.Misbehave = lie
		return nil
	})
}
