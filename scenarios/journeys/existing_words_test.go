package journeys

import (
	"bytes"
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// onSecondPhone is the same app on another phone: a provider of the same model with passkeys of its own.
func onSecondPhone(app provider.Provider) provider.Provider {
	app.Name += ", second phone"
	return app
}

// reachesTheCeremony walks from Security info to the screen whose button starts the ceremony, and presses it.
func (p *Person) reachesTheCeremony(method string) {
	GinkgoHelper()
	p.startsAdding(method)
	p.walksTo(android, page.S7, page.K2)
	p.pressesHook(page.Primary)
	p.scans()
}

// resetsThePhone takes away everything that a provider on the phone holds, as a factory reset would.
func (p *Person) resetsThePhone(in provider.Provider) {
	GinkgoHelper()
	p.does("resets the phone with "+in.Name, func(ctx context.Context) error {
		all, err := p.phone.Held(in)
		if err != nil {
			return err
		}
		for _, held := range all {
			p.ledger.tookOff(held.ID)
			if err := p.phone.Remove(ctx, in, held.ID); err != nil {
				return err
			}
		}
		return nil
	})
	p.findsHeld(in, 0)
}

// findsUnchanged finds that exactly these passkeys are stored, just as they were.
func (p *Person) findsUnchanged(before []lab.Passkey) {
	GinkgoHelper()
	p.finds("the stored passkeys are as they were", p.stored(), gomega.Equal(before))
}

// ---- over the API

// addsOverTheAPI signs in as the stage's person in a browser on a phone that nobody watches, and walks a run up to
// its ceremony. The method is app, security-key or passkey.
func (p *Person) addsOverTheAPI(method string) *lab.Visitor {
	GinkgoHelper()
	return p.addsOverTheAPIAs(p.Account, method)
}

// addsOverTheAPIAs is addsOverTheAPI for somebody else.
func (p *Person) addsOverTheAPIAs(who lab.Account, method string) *lab.Visitor {
	GinkgoHelper()
	visitor := p.visits()
	visitor.Phone = "Android"
	p.does(who.DisplayName+" walks to the ceremony", func(ctx context.Context) error {
		if err := visitor.SignIn(ctx, who); err != nil {
			return err
		}
		if err := visitor.StartRun(ctx, method); err != nil {
			return err
		}
		return visitor.WalkToCeremony(ctx)
	})
	return visitor
}

// makesOneWith asks for the visitor's creation options and answers them with a provider of the handset, through a client
// that lies as told.
func (p *Person) makesOneWith(visitor *lab.Visitor, in provider.Provider, lie client.Misbehaviour) []byte {
	GinkgoHelper()
	return p.crafts(p.asksForOptions(visitor), in, lie)
}

// leavesOneOnThePhone makes a provider hold a passkey that never arrived here, as when the phone dies after saving.
func (p *Person) leavesOneOnThePhone(in provider.Provider) virtualauth.Credential {
	GinkgoHelper()
	p.makesOneWith(p.addsOverTheAPI("app"), in, client.Misbehaviour{})
	p.findsStored(0)
	return p.findsHeld(in, 1)[0]
}

// neighbour is somebody else with an account here.
func (p *Person) neighbour(userName, displayName string) lab.Account {
	GinkgoHelper()
	var account lab.Account
	p.does("has a neighbour, "+displayName, func(ctx context.Context) error {
		var err error
		account, err = p.Stage.AddAccount(ctx, userName, displayName)
		return err
	})
	return account
}

// sameRun is a JSON answer with what differs from one run to the next taken out: the support code and the run's own id.
func sameRun(reply *lab.Reply, visitor *lab.Visitor) map[string]any {
	var answer map[string]any
	if json.Unmarshal(bytes.ReplaceAll(reply.Body, []byte(visitor.Run), []byte("RUN")), &answer) != nil {
		return nil
	}
	delete(answer, "requestID")
	return answer
}

// outcomes are how the watched calls of that name ended, oldest first.
func outcomes(spy *browser.Spy, name string) []string {
	var list []string
	for _, call := range spy.Calls() {
		if call.Name == name {
			list = append(list, call.Outcome)
		}
	}
	return list
}

// latest returns the newest of a list, or the zero value of an empty one.
func latest[T any](list []T) (newest T) {
	if len(list) > 0 {
		newest = list[len(list)-1]
	}
	return newest
}

// detailsTold is the sign-in name that the page told the browser last, as the account's.
func detailsTold(spy *browser.Spy) (name string) {
	for _, call := range spy.Calls() {
		var args []rp.UserDetails
		if call.Name == "signalCurrentUserDetails" && json.Unmarshal(call.Args, &args) == nil && len(args) == 1 {
			name = args[0].Name
		}
	}
	return name
}

// isRenamed gives the person another sign-in name, as somebody who marries may get.
func (p *Person) isRenamed(userName string) {
	GinkgoHelper()
	party := p.inside("the accounts")
	p.does("gets the sign-in name "+userName, func(ctx context.Context) error {
		if err := party.RenameAccount(ctx, p.Account.ID, userName); err != nil {
			return err
		}
		p.Account.UserName = userName
		return nil
	})
}
