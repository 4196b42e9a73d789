package journeys

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// understands presses the button of the Where-it-will-be-saved screen, which starts the ceremony.
func (p *Person) understands() {
	GinkgoHelper()
	p.sees(page.S7)
	p.presses("I understand")
	p.scans()
}

// savesInTheWrongPlace walks from Security info to the screen that says the passkey is in the wrong place.
func (p *Person) savesInTheWrongPlace(in provider.Provider) page.Screen {
	GinkgoHelper()
	p.phoneSavesIn(in)
	p.startsAdding(inTheApp)
	p.walksTo(android, page.S7)
	p.understands()
	return p.sees(page.E2)
}

// triesAgainIn goes from the wrong-place screen through another ceremony, saying that the stray was removed.
func (p *Person) triesAgainIn(in provider.Provider) {
	GinkgoHelper()
	p.presses("I've removed it, try again")
	p.sees(page.S7)
	p.phoneSavesIn(in)
	p.understands()
}

// findsRefused finds exactly these refused tries remembered, in any order.
func (p *Person) findsRefused(tries ...gomegatypes.GomegaMatcher) {
	GinkgoHelper()
	matchers := make([]any, len(tries))
	for i, try := range tries {
		matchers[i] = try
	}
	p.finds(fmt.Sprintf("%d refused tries are remembered", len(tries)), p.refused(), gomega.ConsistOf(matchers...))
}

// tryOf is the memory of a refused passkey: which one, of which model, why, and where it is.
func tryOf(held virtualauth.Credential, in provider.Provider, scope rp.DeviceScope) gomegatypes.GomegaMatcher {
	hash := sha256.Sum256(held.ID)
	return gomega.And(
		gomega.HaveField("CredentialIDHash", gomega.Equal(hash[:])),
		gomega.HaveField("AAGUID", in.Model.AAGUID),
		gomega.HaveField("Reason", rp.CodeProviderNotAllowed),
		gomega.HaveField("Scope", scope),
	)
}

// findsStoredIn finds that one passkey is stored, of the model of a provider, and that the provider holds just that one.
func (p *Person) findsStoredIn(in provider.Provider) lab.Passkey {
	GinkgoHelper()
	stored := p.findsStored(1)[0]
	held := p.findsHeld(in, 1)[0]
	p.finds("it is the one that "+in.Name+" holds", stored.ID, gomega.Equal(held.ID))
	p.finds("it is of the model of "+in.Name, p.row(stored).AAGUID, gomega.Equal(in.Model.AAGUID))
	return stored
}

// findsInOrder finds words on the screen, one after the other.
func (p *Person) findsInOrder(words ...string) {
	GinkgoHelper()
	p.does("finds that the page says, in this order, "+quoted(words), func(ctx context.Context) error {
		var last page.Screen
		if page.Poll(ctx, func() bool {
			screen, err := page.Read(ctx, p.Page)
			if err == nil {
				last = screen
			}
			return err == nil && inOrder(last.Text, words)
		}) {
			return nil
		}
		return &Unexpected{What: "the page's text", Expected: fmt.Sprintf("in this order %q", words), Got: last.Text}
	})
}

func inOrder(text string, words []string) bool {
	for _, word := range words {
		_, rest, found := strings.Cut(text, word)
		if !found {
			return false
		}
		text = rest
	}
	return true
}

// noLongerReads waits until a loaded screen says none of the words.
func (p *Person) noLongerReads(words ...string) {
	GinkgoHelper()
	p.does("finds that the page no longer says "+quoted(words), func(ctx context.Context) error {
		var last page.Screen
		if page.Poll(ctx, func() bool {
			screen, err := page.Read(ctx, p.Page)
			if err != nil {
				return false // between two documents
			}
			last = screen
			return screen.Ready && screen.Step != "" && !containsAny(screen.Text, words)
		}) {
			return nil
		}
		return &Unexpected{What: "the page's text", Expected: fmt.Sprintf("none of %q", words), Got: last.Text}
	})
}

func containsAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// findsNoProviderNamed finds that the screen names no provider but the organisation's own app.
func (p *Person) findsNoProviderNamed() {
	GinkgoHelper()
	p.doesNotRead("Google", "Samsung", "Apple", "1Password", "Bitwarden", "Windows Hello", "Microsoft", "Chromium")
}

// findsNoRemovalClaimed finds that the screen does not say that anything was removed from the device: nobody can know.
func (p *Person) findsNoRemovalClaimed() {
	GinkgoHelper()
	p.doesNotRead("was removed", "been removed", "we removed", "We removed", "was deleted", "been deleted", "no longer there")
}

// unknownSignal is the argument of PublicKeyCredential.signalUnknownCredential (WebAuthn L3 §5.1.10.2).
type unknownSignal struct {
	RPID         string `json:"rpId"`
	CredentialID string `json:"credentialId"`
}

// names reports whether the signal is about the passkey whose id has the hash.
func (s unknownSignal) names(hash []byte) bool {
	id, err := base64.RawURLEncoding.DecodeString(s.CredentialID)
	sum := sha256.Sum256(id)
	return err == nil && bytes.Equal(sum[:], hash)
}

// unknownSignals are the arguments of the calls of signalUnknownCredential that a spy saw, oldest first.
func unknownSignals(spy *browser.Spy) []unknownSignal {
	var list []unknownSignal
	for _, call := range spy.Calls() {
		var args []unknownSignal
		if call.Name == "signalUnknownCredential" && json.Unmarshal(call.Args, &args) == nil {
			list = append(list, args...)
		}
	}
	return list
}

// withoutSignals is a browser that does not have the Signal API.
func withoutSignals(p *browser.Page) error { return p.RemoveSignalAPI(context.Background()) }
