package journeys

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("Security", func() {
	Journey("SEC-01", "cannot answer another session's challenge", Over(config.API), Regular, Given{}, func(mia *Person) {
		first, second := mia.startsARun(), mia.startsARun()
		credential := mia.answers(first)
		mia.asksForOptions(second)
		reply := mia.verifies(second, credential)
		mia.finds("the answer is a refusal", reply.Status, gomega.BeElementOf(http.StatusUnprocessableEntity, http.StatusConflict, http.StatusNotFound))
		mia.findsStored(0)
		mia.leavesStray(provider.GooglePasswordManager().Name, "it answers a challenge of another run, and so is nobody's")
	})

	Journey("SEC-02", "posts a valid answer for her own account in somebody else's run: neither account changes", Over(config.API), Essential, Given{}, func(mia *Person) {
		hers := mia.startsARun()
		credential := mia.answers(hers)
		var zoe lab.Account
		other := mia.visits()
		mia.does("zoe signs up, signs in and starts adding a passkey", func(ctx context.Context) error {
			var err error
			if zoe, err = mia.AddAccount(ctx, "zoe", "Zoe"); err != nil {
				return err
			}
			if err = other.SignIn(ctx, zoe); err != nil {
				return err
			}
			if err = other.StartRun(ctx, "passkey"); err != nil {
				return err
			}
			return other.WalkToCeremony(ctx)
		})
		mia.asksForOptions(other)
		reply := mia.verifies(other, credential)
		mia.finds("the answer is a refusal", reply.Status, gomega.BeNumerically(">=", 400))
		mia.finds("the answer is no fault of the server", reply.Status, gomega.BeNumerically("<", 500))
		mia.findsStored(0)
		mia.finds("zoe has no passkey either", mia.storedOf(zoe), gomega.BeEmpty())
		mia.leavesStray(provider.GooglePasswordManager().Name, "it answers a challenge of another run, and so is nobody's")
	})

	Journey("SEC-03", "is protected from changes that come from another site", Over(config.API), Regular, Given{}, func(mia *Person) {
		mia.hasPasskeyIn(provider.LarkspurIDAndroid())
		stored := mia.findsStored(1)[0]
		visitor := mia.signsInAsVisitor()
		for _, path := range []string{
			"/security-info/passkeys/" + stored.Key() + "/delete", "/security-info/passkeys/" + stored.Key() + "/rename",
			"/security-info/add", "/sign-in", "/sign-in/options", "/sign-out", "/security-info/prove",
		} {
			for _, header := range []http.Header{
				{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
			} {
				header.Set("Content-Type", "application/x-www-form-urlencoded")
				reply := mia.sends(visitor, path, header, "name=stolen")
				mia.finds(path+" answers 403", reply.Status, gomega.Equal(http.StatusForbidden))
			}
		}
		mia.finds("the passkey is as it was", mia.findsStored(1)[0], gomega.Equal(stored))
	})

	Journey("SEC-04", "names a passkey like an attack: it is shown as text, and invisible characters are refused", Over(config.Bridge), Regular,
		Given{Context: onAndroid()}, func(mia *Person) {
			const attack = `<img src=x onerror=alert(1)>`
			inApp := provider.LarkspurIDAndroid()
			mia.phoneSavesIn(inApp)
			mia.isSignedIn()
			mia.startsAdding(inTheApp)
			mia.walksTo(android, page.S7)
			mia.presses("I understand")
			mia.namesIt("Key \u202egnp.exe")
			mia.sees(page.S10)
			mia.reads("Leave out line breaks and invisible control characters")
			mia.namesIt(attack)
			mia.sees(page.S11)
			mia.pressesHook(page.Primary)
			mia.sees(page.S0)
			mia.findsListed(attack)
			mia.does("finds no image made of the name", func(ctx context.Context) error {
				count, err := mia.Page.Rod.Context(ctx).Eval(`() => document.querySelectorAll('img[src="x"]').length`)
				if err != nil {
					return err
				}
				return holds("images of the attack", count.Value.Int(), gomega.BeZero())
			})
			mia.finds("the store has the name as it was typed", mia.findsStored(1)[0].Name, gomega.Equal(attack))
		})

	Journey("SEC-05", "cannot rename or delete with somebody else's credential id", Over(config.API), Regular, Given{}, func(mia *Person) {
		mia.hasPasskeyIn(provider.LarkspurIDAndroid())
		before := mia.findsStored(1)[0]
		stranger := mia.visitsAs("zoe")
		for _, action := range []string{"rename", "delete"} {
			var reply *lab.Reply
			mia.does("zoe tries to "+action+" it", func(ctx context.Context) error {
				var err error
				reply, err = stranger.PostForJSON(ctx, "/security-info/passkeys/"+before.Key()+"/"+action, url.Values{"name": {"Mine now"}})
				return err
			})
			mia.finds("the answer is 404", reply.Status, gomega.Equal(http.StatusNotFound))
		}
		mia.finds("the passkey is as it was", mia.findsStored(1)[0], gomega.Equal(before))
	})

	Journey("SEC-08", "asks for sign-in options under her name, under one without a passkey and under one that nobody has: shape and work are the same",
		Over(config.API), Regular, Given{}, func(mia *Person) {
			mia.hasPasskeyIn(provider.LarkspurIDAndroid())
			mia.findsStored(1)
			mia.visitsAs("zoe")
			hers := mia.asksToSignIn(mia.Account.UserName)
			for _, name := range []string{"zoe", "nobody-has-this-name", ""} {
				mia.finds(fmt.Sprintf("the answer for %q has the shape of hers", name), mia.asksToSignIn(name).shape, gomega.Equal(hers.shape))
			}
			mia.inside("the database's statements")
			mia.finds("the database was asked something", hers.work, gomega.Not(gomega.BeEmpty()))
			for _, name := range []string{"zoe", "nobody-has-this-name", ""} {
				mia.finds(fmt.Sprintf("the database was asked the same for %q", name), mia.asksToSignIn(name).work, gomega.Equal(hers.work))
			}
		})

	Journey("SEC-09", "posts answers that fail until she has to wait: 429 with a wait, for that browser alone, and afterwards all is well", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			run := mia.startsARun()
			credential := mia.answers(run)
			wait := mia.failsUntilShut(run, run.Run+"/verify")
			mia.asksTooMuch(run, credential)
			mia.findsStored(0)
			mia.letsPass(wait - time.Second)
			mia.asksTooMuch(run, credential)
			mia.letsPass(time.Second)
			mia.finds("the challenge is not good any more", mia.verifies(run, credential).Status, gomega.Equal(http.StatusConflict))
			mia.does("begins another run", func(ctx context.Context) error {
				if err := run.StartRun(ctx, "passkey"); err != nil {
					return err
				}
				return run.WalkToCeremony(ctx)
			})
			mia.finds("she registers", mia.verifies(run, mia.answers(run)).Status, gomega.Equal(http.StatusCreated))
			mia.findsStored(1)

			mia.failsUntilShut(mia.visits(), "/sign-in/verify")
			mia.findsSignInAnswered(provider.GooglePasswordManager(), client.Misbehaviour{}, http.StatusOK)
		})

	Journey("SEC-11", "does all that the logs could tell of, at their most talkative: they have no challenge, key, pass, password or whole credential id", Over(config.API), Regular,
		Given{}, func(mia *Person) {
			in := provider.GooglePasswordManager()
			secrets := mia.keepsSecrets()
			pass := mia.isGivenAPass("that can be used often", rp.PassRequest{})
			secrets.add("the pass", []byte(pass))
			mia.does("signs in with the pass", func(ctx context.Context) error {
				reply, err := mia.visits().Post(ctx, "/sign-in", url.Values{"userName": {mia.Account.UserName}, "code": {pass}})
				if err != nil {
					return err
				}
				return holds("the page", reply.Path, gomega.Equal("/security-info"))
			})
			run := mia.startsARun()
			options := mia.asksForOptions(run)
			credential := mia.crafts(options, provider.GooglePasswordManager(), client.Misbehaviour{})
			secrets.addOptions(options)
			mia.finds("she registers", mia.verifies(run, credential).Status, gomega.Equal(http.StatusCreated))
			again := mia.startsARun()
			mia.asksForOptions(again)
			mia.finds("the same passkey is refused in another run", mia.verifies(again, credential).Status, gomega.BeNumerically(">=", 400))
			mia.finds("a body that is none is refused", mia.verifies(again, []byte(pass)).Status, gomega.BeNumerically(">=", 400))

			stored := mia.findsStored(1)[0]
			secrets.add("the credential id", stored.ID)
			secrets.add("the public key", mia.row(stored).PublicKey)
			mia.findsSignInAnswered(in, client.Misbehaviour{}, http.StatusOK)
			mia.findsSignInAnswered(in, client.Misbehaviour{SpoilSignature: true}, http.StatusUnprocessableEntity)
			mia.finds("the audit log has the end of the id", mia.audit(mia.Account.ID), gomega.ContainElement(gomega.HaveField("Target", stored.Key()[len(stored.Key())-8:])))
			for _, action := range []string{"rename", "delete"} {
				mia.does("posts "+action, func(ctx context.Context) error {
					reply, err := run.PostForJSON(ctx, "/security-info/passkeys/"+stored.Key()+"/"+action, url.Values{"name": {"The blue one"}})
					if err != nil {
						return err
					}
					return holds("the status", reply.Status, gomega.BeNumerically("<", 300))
				})
			}
			mia.findsSignInAnswered(in, client.Misbehaviour{}, http.StatusNotFound)
			mia.findsStored(0)
			mia.findsKept(secrets)
		})

	Journey("SEC-14", "has a stolen session with a stale proof: it is asked for proof before it can add or delete", Over(config.API), Regular, Given{}, func(mia *Person) {
		mia.hasPasskeyIn(provider.LarkspurIDAndroid())
		before := mia.findsStored(1)[0]
		thief := mia.startsARun()
		mia.letsPass(fresh + time.Second)
		begun := len(mia.registrations())
		remove := mia.posts(thief, "/security-info/passkeys/"+before.Key()+"/delete")
		mia.finds("deleting is refused until there is proof", remove.Code(), gomega.BeEquivalentTo(rp.CodeProofStale))
		mia.finds("the answer is 401", remove.Status, gomega.Equal(http.StatusUnauthorized))
		add := mia.sends(thief, thief.Run+"/options", http.Header{"Content-Type": {"application/json"}}, "{}")
		mia.finds("adding is refused until there is proof", add.Code(), gomega.BeEquivalentTo(rp.CodeProofStale))
		mia.finds("no challenge was issued", mia.registrations(), gomega.HaveLen(begun))
		mia.does("the thief begins anew, and is shown that proof is needed", func(ctx context.Context) error {
			if err := thief.StartRun(ctx, "passkey"); err != nil {
				return err
			}
			reply, err := thief.Get(ctx, thief.Run)
			if err != nil {
				return err
			}
			return holds("the page", reply.Path, gomega.HaveSuffix("/confirm"))
		})
		proof := mia.sends(thief, "/security-info/prove", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "code=000000")
		mia.finds("a guess is no proof", proof.Status, gomega.Equal(http.StatusUnprocessableEntity))
		mia.finds("the passkey is as it was", mia.findsStored(1)[0], gomega.Equal(before))
	})

	Journey("SEC-15", "has a passkey that says it is backed up though it cannot be: refused when it is made, and when it signs in", Over(config.API), Regular, Given{}, func(mia *Person) {
		in := provider.GooglePasswordManager()
		authenticator := mia.Handset.Has(in).Authenticator
		run := mia.startsARun()
		authenticator.Misbehave.BSWithoutBE = true
		reply := mia.verifies(run, mia.answers(run))
		mia.finds("the answer is 422", reply.Status, gomega.Equal(http.StatusUnprocessableEntity))
		mia.finds("it says no more than that", reply.Code(), gomega.BeEquivalentTo(rp.CodeVerificationFailed))
		mia.findsStored(0)
		authenticator.Misbehave.BSWithoutBE = false
		honest := mia.startsARun()
		mia.finds("the same device, honest, registers", mia.verifies(honest, mia.answers(honest)).Status, gomega.Equal(http.StatusCreated))
		before := mia.findsStored(1)
		authenticator.Misbehave.BSWithoutBE = true
		mia.findsSignInAnswered(in, client.Misbehaviour{}, http.StatusUnprocessableEntity)
		authenticator.Misbehave.BSWithoutBE = false
		mia.finds("its row is as it was", mia.findsStored(1), gomega.Equal(before))
		mia.findsSignInAnswered(in, client.Misbehaviour{}, http.StatusOK)
	})
})
