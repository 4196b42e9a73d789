package phone

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// choice is a row of the provider sheet: a provider to save in, or a passkey to sign in with.
type choice struct {
	provider   string // its Key
	id         string // of the row
	label      string
	detail     string
	count      int
	credential []byte // the passkey; nil to save
	elsewhere  bool   // chosen behind "more options": the user may be asked about the default
}

// question is what the sheet asks.
type question struct {
	title, text string
	// choices are computed anew each time, because Settings may change meanwhile.
	choices func(Settings) []choice
	none    error  // the answer where there is nothing to choose from
	listed  bool   // all choices are on the sheet; otherwise the preferred one, and the others behind "more options"
	passkey bool   // a passkey is chosen, and no provider
	first   string // the id of the row that is preselected; empty for the first
}

// slug makes a Key part of an id.
func slug(key string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, key), "-")
}

// credentials are those of one provider, oldest first. The caller holds p.mu.
func (p *Phone) credentials(key string) []virtualauth.Credential {
	if device := p.devices[key]; device != nil {
		return device.Credentials()
	}
	return nil
}

// count is how many passkeys of a relying party a provider holds; of all, where it is empty. The caller holds p.mu.
func (p *Phone) count(key, rpID string) (n int) {
	for _, c := range p.credentials(key) {
		if rpID == "" || c.RPID == rpID {
			n++
		}
	}
	return n
}

// offered are the providers that can be chosen, by Key.
func (c *ceremony) offered(s Settings) (keys []string) {
	for _, p := range s.Providers {
		if s.usable(p) && (p.BuiltIn || !c.sameDevice || !s.BrowserIgnoresProviders) {
			keys = append(keys, p.Key())
		}
	}
	return keys
}

// preferred is the Key of the provider that is offered first, among those that can be chosen.
func preferred(s Settings, keys []string) string {
	for _, key := range []string{s.Preferred, s.LastUsed} {
		if slices.Contains(keys, key) {
			return key
		}
	}
	return ""
}

// toSave asks where to save a passkey.
func (c *ceremony) toSave(r *ctap2.MakeCredentialRequest) question {
	s := c.settingsNow()
	q := question{
		title: fmt.Sprintf("Create a passkey for %s?", r.RP.ID), text: r.User.Name, listed: s.OS == IOS, none: ErrDeclined,
		choices: func(s Settings) (all []choice) {
			for _, key := range c.offered(s) {
				all = append(all, choice{provider: key, id: "provider-" + slug(key), label: s.Find(key).Name, count: c.count(key, "")})
			}
			return all
		},
	}
	if key := preferred(s, c.offered(s)); key != "" {
		q.first = "provider-" + slug(key)
	}
	return q
}

// toSignIn asks which passkey to sign in with.
func (c *ceremony) toSignIn(r *ctap2.GetAssertionRequest) question {
	return question{
		title: fmt.Sprintf("Sign in to %s?", r.RPID), listed: true, passkey: true, none: ctap2.NoCredentials,
		choices: func(s Settings) (all []choice) {
			for _, key := range c.offered(s) {
				for _, k := range slices.Backward(c.credentials(key)) {
					if k.RPID == r.RPID && fits(k, r.AllowList) {
						all = append(all, choice{
							provider: key, id: "passkey-" + hex.EncodeToString(k.ID), label: k.UserName,
							detail: s.Find(key).Name, count: -1, credential: k.ID,
						})
					}
				}
			}
			return all
		},
	}
}

// fits reports whether a passkey will do for a list; without a list it has to be discoverable.
func fits(k virtualauth.Credential, list []ctap2.Descriptor) bool {
	if len(list) == 0 {
		return k.Discoverable
	}
	return slices.ContainsFunc(list, func(d ctap2.Descriptor) bool { return bytes.Equal(d.ID, k.ID) })
}
