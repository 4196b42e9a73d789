package journeys

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words for meeting each refusal once, over the API.

// everyLanguage are those that people can choose, and the pseudo-locale.
var everyLanguage = []string{"en", "de", "ar", "ja", "en-XA"}

// problem is one refusal: how it is met, and the page that then explains it.
type problem struct {
	code rp.Code
	key  bool // it is met with a security key
	// meet leads a visitor into it and returns the path of the page.
	meet func(p *Person, visitor *lab.Visitor) string
}

// clientErrors are what a browser may say instead of a response.
var clientErrors = map[string]rp.Code{
	"NotAllowedError": rp.CodeNotAllowed, "InvalidStateError": rp.CodeAlreadyRegistered, "SecurityError": rp.CodeSecurityError,
	"NotSupportedError": rp.CodeNotSupported, "ConstraintError": rp.CodeConstraint, "TypeError": rp.CodeInvalidOptions,
	"UnknownError": rp.CodeUnknownClientError, rp.ClientErrorNetwork: rp.CodeNetwork, rp.ClientErrorUnsupported: rp.CodeUnsupported,
}

// says is a browser that says a word instead of making a passkey.
func says(word string) func(*Person, *lab.Visitor) string {
	return func(p *Person, visitor *lab.Visitor) string {
		p.asksForOptions(visitor)
		reply := p.sends(visitor, visitor.Run+"/client-error", jsonBody(), `{"name":"`+word+`"}`)
		p.finds("the report is taken", reply.Status, gomega.Equal(http.StatusOK))
		return visitor.Run + "/problem"
	}
}

func jsonBody() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// lies is a client that answers dishonestly.
func lies(lie client.Misbehaviour) func(*Person, *lab.Visitor) string {
	return func(p *Person, visitor *lab.Visitor) string {
		p.verifies(visitor, p.crafts(p.asksForOptions(visitor), passwordManager(), lie))
		return visitor.Run + "/problem"
	}
}

// crafts makes a credential for options in a provider of the handset, with a client that lies as told.
func (p *Person) crafts(options []byte, in provider.Provider, lie client.Misbehaviour) []byte {
	GinkgoHelper()
	c := p.clientOf(in)
	c.Misbehave = lie
	return p.createsWith(c, options)
}

// passwordManager is a provider that syncs and whose model no policy of these problems accepts.
func passwordManager() provider.Provider { return provider.Bitwarden() }

// under is an organisation whose policy has become another one while the provider was asked.
func under(in provider.Provider, accepted policy.Policy) func(*Person, *lab.Visitor) string {
	return func(p *Person, visitor *lab.Visitor) string {
		options := p.asksForOptions(visitor)
		p.policyBecomes("something else", accepted)
		p.verifies(visitor, p.crafts(options, in, client.Misbehaviour{}))
		return visitor.Run + "/problem"
	}
}

// midway is an organisation whose policy has become another one when the run comes to its ceremony.
func midway(accepted policy.Policy) func(*Person, *lab.Visitor) string {
	return func(p *Person, visitor *lab.Visitor) string {
		p.policyBecomes("something else", accepted)
		p.isRefusedOptions(visitor)
		return visitor.Run + "/problem"
	}
}

// isRefusedOptions asks for creation options and is given none.
func (p *Person) isRefusedOptions(visitor *lab.Visitor) {
	GinkgoHelper()
	p.does("asks for creation options in vain", func(ctx context.Context) error {
		reply, _, err := visitor.Options(ctx)
		if err != nil {
			return err
		}
		return holds("the status", reply.Status, gomega.BeNumerically(">=", 400))
	})
}

// findsExplained finds that the page of a problem explains it in every language, in other words each time and without a text
// that is missing.
func (p *Person) findsExplained(visitor *lab.Visitor, code rp.Code, path string) {
	GinkgoHelper()
	titles := map[string]string{}
	for _, tag := range everyLanguage {
		reply := p.fetches(visitor, path+"?"+url.Values{"lng": {tag}}.Encode())
		page := string(reply.Body)
		p.finds("the page is about "+string(code)+" in "+tag, page, gomega.And(
			gomega.ContainSubstring(`data-code="`+string(code)+`"`), gomega.ContainSubstring(`<html lang="`+tag+`"`),
			gomega.Not(gomega.ContainSubstring("⟦")), gomega.Not(gomega.ContainSubstring("<no value>")),
		))
		titles[heading(page)] = tag
	}
	p.finds("each language has its own words for "+string(code), titles, gomega.And(gomega.HaveLen(len(everyLanguage)), gomega.Not(gomega.HaveKey(""))))
}

var firstHeading = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)

// heading returns the text of a page's heading.
func heading(page string) string {
	found := firstHeading.FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(found[1]))
}

// becomesAGuest makes her a guest of the organisation.
func (p *Person) becomesAGuest(is bool) {
	GinkgoHelper()
	party := p.inside("the people's groups")
	p.does("is a guest of the organisation", func(ctx context.Context) error {
		return party.SetMembership(ctx, p.Account.ID, rp.Membership{Guest: is})
	})
}

// moreThanAMinuteTakes are as many failures as the relying party takes from one browser in a minute.
const moreThanAMinuteTakes = 30

// method is the row of Choose a method under which the problem can be met.
func (p problem) method() string {
	if p.key {
		return "security-key"
	}
	return "app"
}

// phone is the phone whose browser it is; a key is plugged into a computer.
func (p problem) phone() string {
	if p.key {
		return ""
	}
	return "Android"
}

// problems are the refusals that the product specification gives a screen, each with a way to meet it that needs no browser.
func problems() []problem {
	off := false
	all := []problem{
		{code: rp.CodeProviderNotAllowed, meet: under(passwordManager(), onlyTheApp())},
		{code: rp.CodeSyncedNotAllowed, meet: under(passwordManager(), policy.Policy{PasskeyTypes: policy.TypeDeviceBound})},
		{code: rp.CodeMethodDisabled, meet: midway(policy.Policy{State: policy.StateDisabled})},
		{code: rp.CodeUserExcluded, meet: midway(policy.Policy{ExcludeTargets: []policy.Target{{ID: policy.AllUsers}}})},
		{code: rp.CodeSelfServiceOff, meet: midway(policy.Policy{IsSelfServiceRegistrationAllowed: &off})},
		{code: rp.CodeAttestationBlocksFlow, meet: midway(policy.Policy{AttestationEnforcement: policy.EnforcementRegistrationOnly})},
		{code: rp.CodeAttestationRequired, key: true, meet: under(provider.USBSecurityKey(), policy.Policy{AttestationEnforcement: policy.EnforcementRegistrationOnly})},
		{code: rp.CodeVerificationFailed, meet: lies(client.Misbehaviour{Origin: "https://elsewhere.example"})},
		{code: rp.CodeUVRequired, meet: lies(client.Misbehaviour{FlipFlags: authdata.UV})},
		{code: rp.CodeAlgNotAllowed, meet: withAnotherAlgorithm},
		{code: rp.CodeGuest, meet: asAGuest},
		{code: rp.CodeChallengeExpired, meet: tooLate},
		{code: rp.CodeSessionExpired, meet: signedOutMeanwhile},
		{code: rp.CodeSavedNotRegistered, meet: withoutAnAnswer},
		{code: rp.CodeRunSuperseded, meet: inAnotherTab},
		{code: rp.CodeDuplicateCredential, meet: withAKnownID},
		{code: rp.CodeLimitReached, meet: midway(policy.Policy{MaxPasskeys: 1})},
		{code: rp.CodeRateLimited, meet: tooOften},
	}
	for word, code := range clientErrors {
		all = append(all, problem{code: code, meet: says(word)})
	}
	slices.SortStableFunc(all[len(all)-len(clientErrors):], func(a, b problem) int { return strings.Compare(string(a.code), string(b.code)) })
	return all
}

// withAnotherAlgorithm is a passkey whose key is of a kind that was not asked for.
func withAnotherAlgorithm(p *Person, visitor *lab.Visitor) string {
	in := provider.SamsungPass()
	p.lies(in, virtualauth.Misbehaviour{Algorithm: cose.ES384})
	p.verifies(visitor, p.crafts(p.asksForOptions(visitor), in, client.Misbehaviour{}))
	p.leavesStray(in.Name, "a key that was not asked for is not looked at further")
	return visitor.Run + "/problem"
}

// meetsTheRest meets the refusals that have no screen of the wizard: those of a form, of a list, and of what the person or the
// disk broke off.
func (p *Person) meetsTheRest() {
	GinkgoHelper()
	visitor := p.signsInAsVisitor()
	p.beginsAgain(visitor, "app")
	p.finds("a ceremony that the page broke off leads back to where it begins", says("AbortError")(p, visitor), gomega.Not(gomega.BeEmpty()))
	var code string
	p.does("has a one-time code", func(ctx context.Context) (err error) {
		code, err = p.Stage.Code(ctx)
		return err
	})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for range 2 {
		p.sends(visitor, "/security-info/prove", form, url.Values{"code": {code}}.Encode())
	}
	passkey := "/security-info/passkeys/" + p.findsStored(1)[0].Key()
	p.namesCannotBeSaved(true)
	p.finds("a name is not kept by a full disk", p.sends(visitor, passkey+"/rename", form, "name=Mine").Status, gomega.Equal(http.StatusServiceUnavailable))
	p.namesCannotBeSaved(false)
	p.does("has no password any more", p.KeepOnlyPasskeys)
	p.does("tries to delete the last way to sign in", func(ctx context.Context) error {
		reply, err := visitor.PostForJSON(ctx, passkey+"/delete", nil)
		if err != nil {
			return err
		}
		return holds("the status", reply.Status, gomega.Equal(http.StatusConflict))
	})
	for _, code := range []rp.Code{rp.CodeAborted, rp.CodeCodeUsed, rp.CodeUnavailable, rp.CodeLastMethod} {
		p.finds(string(code)+" was raised", p.Codes(), gomega.ContainElement(code))
	}
}

// asAGuest is a person whose home turns out to be another organisation.
func asAGuest(p *Person, visitor *lab.Visitor) string {
	p.becomesAGuest(true)
	p.isRefusedOptions(visitor)
	p.becomesAGuest(false)
	return visitor.Run + "/problem"
}

// tooLate is a response that comes when the challenge is over.
func tooLate(p *Person, visitor *lab.Visitor) string {
	credential := p.crafts(p.asksForOptions(visitor), passwordManager(), client.Misbehaviour{})
	p.letsPass(p.inside("the clock").Timers().ChallengeLife())
	p.verifies(visitor, credential)
	return visitor.Run + "/problem"
}

// signedOutMeanwhile is a session that ended while a run was under way.
func signedOutMeanwhile(p *Person, visitor *lab.Visitor) string {
	p.does("signs out", func(ctx context.Context) error {
		_, err := visitor.Post(ctx, "/sign-out", nil)
		return err
	})
	return visitor.Run + "/save-in"
}

// withoutAnAnswer is a response that never came: the page asks until the relying party settles it.
func withoutAnAnswer(p *Person, visitor *lab.Visitor) string {
	says(rp.ClientErrorNetwork)(p, visitor)
	p.sends(visitor, visitor.Run+"/outcome", jsonBody(), "{}")
	return visitor.Run + "/problem"
}

// inAnotherTab is a run that another one has taken over.
func inAnotherTab(p *Person, visitor *lab.Visitor) string {
	old := visitor.Run
	p.beginsAgain(visitor, "app")
	return old + "/problem"
}

// withAKnownID is a passkey whose id is stored already.
func withAKnownID(p *Person, visitor *lab.Visitor) string {
	p.verifies(visitor, p.crafts(p.asksForOptions(visitor), provider.GooglePasswordManager(), client.Misbehaviour{}))
	known := p.findsStored(1)[0].ID
	p.beginsAgain(visitor, "app")
	p.verifies(visitor, p.crafts(p.asksForOptions(visitor), passwordManager(), client.Misbehaviour{CredentialID: known}))
	return visitor.Run + "/problem"
}

// tooOften is a browser that posts more responses that fail than the relying party takes in a minute.
func tooOften(p *Person, visitor *lab.Visitor) string {
	for range moreThanAMinuteTakes {
		p.verifies(visitor, p.crafts(p.asksForOptions(visitor), passwordManager(), client.Misbehaviour{Origin: "https://elsewhere.example"}))
		p.beginsAgain(visitor, "app")
	}
	p.verifies(visitor, p.crafts(p.asksForOptions(visitor), passwordManager(), client.Misbehaviour{}))
	return visitor.Run + "/problem"
}
