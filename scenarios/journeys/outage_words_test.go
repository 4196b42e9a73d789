package journeys

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the words for registering over the API, without a browser.

// standsBeforeCreating signs an account in and walks a run of it as far as the screen that starts the ceremony.
// The method is app, security-key or passkey.
func (p *Person) standsBeforeCreating(account lab.Account, method string) *lab.Visitor {
	GinkgoHelper()
	visitor := p.visits()
	p.does("signs in as "+account.UserName, func(ctx context.Context) error { return visitor.SignIn(ctx, account) })
	p.beginsAgain(visitor, method)
	return visitor
}

// beginsAgain starts another run and walks it as far as the screen that starts the ceremony.
func (p *Person) beginsAgain(visitor *lab.Visitor, method string) {
	GinkgoHelper()
	p.does("starts a run and walks to its ceremony", func(ctx context.Context) error {
		if err := visitor.StartRun(ctx, method); err != nil {
			return err
		}
		return visitor.WalkToCeremony(ctx)
	})
}

// clientOf returns a WebAuthn client at this site with one provider of the handset.
func (p *Person) clientOf(in provider.Provider) *client.Client {
	return &client.Client{
		Origin: p.Origin, Device: p.unattended(in),
		Attachment: in.Model.Attachment.String(), Transports: in.Model.Transports,
	}
}

// createsWith makes a passkey for creation options and returns the response.
func (p *Person) createsWith(c *client.Client, options []byte) []byte {
	GinkgoHelper()
	var made []byte
	p.does("makes a passkey", func(ctx context.Context) error {
		var err error
		made, err = c.Create(ctx, options)
		return err
	})
	return made
}

// postsAtOnce is race in one session.
func (p *Person) postsAtOnce(visitor *lab.Visitor, responses ...[]byte) []*lab.Reply {
	GinkgoHelper()
	return p.race(slices.Repeat([]*lab.Visitor{visitor}, len(responses)), responses)
}

// fetches gets an address without a browser.
func (p *Person) fetches(visitor *lab.Visitor, path string) *lab.Reply {
	GinkgoHelper()
	var reply *lab.Reply
	p.does("fetches "+path, func(ctx context.Context) error {
		var err error
		reply, err = visitor.Get(ctx, path)
		return err
	})
	return reply
}

// publicText returns all that a JSON refusal tells, but for what differs by request and run.
func (p *Person) publicText(reply *lab.Reply) string {
	GinkgoHelper()
	var text string
	p.does("reads what the refusal tells", func(context.Context) error {
		var told map[string]any
		if err := json.Unmarshal(reply.Body, &told); err != nil {
			return err
		}
		next, _ := told["next"].(string)
		if err := holds("where the page is sent", next, gomega.HaveSuffix("/problem")); err != nil {
			return err
		}
		delete(told, "requestID")
		delete(told, "next")
		rest, err := json.Marshal(told)
		text = fmt.Sprintf("%d %s", reply.Status, rest)
		return err
	})
	return text
}

// noticesOf returns the notices of a kind that were sent to the person.
func (p *Person) noticesOf(kind rp.Action) []rp.Notice {
	GinkgoHelper()
	notices := read(p, "the outbox", func(ctx context.Context, party *rp.RelyingParty) ([]rp.Notice, error) {
		return party.Notices(ctx, p.Account.ID)
	})
	return slices.DeleteFunc(notices, func(n rp.Notice) bool { return n.Kind != kind })
}

// badBody is a body that no honest client sends; it may be made of the options it answers.
type badBody struct {
	name string
	body func(options []byte) []byte
}

// malformed returns bodies that are not what they should be, in every layer: size, JSON, members, CBOR, ids.
func (p *Person) malformed(in provider.Provider) []badBody {
	GinkgoHelper()
	var all []badBody
	as := func(name string, body []byte) {
		all = append(all, badBody{name, func([]byte) []byte { return body }})
	}
	as("an empty body", nil)
	as("a body that is no JSON", []byte("passkey, please"))
	as("JSON that is no object", []byte("null"))
	as("an object without anything", []byte("{}"))
	as("a response that is null", []byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":null}`))
	as("JSON nested 30000 deep", []byte(strings.Repeat("[", 30_000)))
	as("an object nested 10000 deep", []byte(strings.Repeat(`{"response":`, 5_000)+"1"+strings.Repeat("}", 5_000)))
	as("a body of 70 kB", []byte(`{"id":"`+strings.Repeat("A", 70_000)+`"}`))
	as("a body of 900 kB", bytes.Repeat([]byte{' '}, 900_000))
	for _, spoiled := range []struct {
		name string
		cbor []byte
	}{
		{"an empty attestation object", nil},
		{"an attestation object of break codes", []byte{0xff, 0xff, 0xff}},
		{"an attestation object that promises 2^63 elements", []byte{0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"an attestation object that promises 2^32 members", []byte{0xbb, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00}},
		{"an attestation object that promises 2 GB of bytes", []byte{0x5b, 0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00}},
		{"an attestation object without an end", []byte{0xbf, 0x63, 'f', 'm', 't'}},
		{"an attestation object nested 20000 deep", bytes.Repeat([]byte{0x81}, 20_000)},
		{"an attestation object of tags", bytes.Repeat([]byte{0xc6}, 20_000)},
	} {
		all = append(all, badBody{spoiled.name, func(options []byte) []byte {
			return p.withAttestation(p.createsWith(p.clientOf(in), options), func([]byte) []byte { return spoiled.cbor })
		}})
	}
	all = append(all, badBody{"an attestation object cut in half", func(options []byte) []byte {
		return p.withAttestation(p.createsWith(p.clientOf(in), options), func(whole []byte) []byte { return whole[:len(whole)/2] })
	}})
	for _, lie := range []struct {
		name string
		told client.Misbehaviour
	}{
		{"an attestation object with a byte behind it", client.Misbehaviour{TrailingByte: true}},
		{"a credential id of 1024 bytes", client.Misbehaviour{CredentialID: bytes.Repeat([]byte{7}, 1024)}},
		{"a response without client data", client.Misbehaviour{Omit: "clientDataJSON"}},
		{"a response without an attestation object", client.Misbehaviour{Omit: "attestationObject"}},
		{"client data that is no JSON", client.Misbehaviour{ClientDataJSON: []byte("{")}},
		{"an id that is another than the raw one", client.Misbehaviour{RawID: []byte("another")}},
	} {
		all = append(all, badBody{lie.name, func(options []byte) []byte {
			liar := p.clientOf(in)
			liar.Misbehave = lie.told
			return p.createsWith(liar, options)
		}})
	}
	return all
}

// withAttestation changes the attestation object of a registration response.
func (p *Person) withAttestation(response []byte, change func([]byte) []byte) []byte {
	GinkgoHelper()
	var changed []byte
	p.does("spoils the attestation object", func(context.Context) error {
		var whole map[string]any
		if err := json.Unmarshal(response, &whole); err != nil {
			return err
		}
		inner, _ := whole["response"].(map[string]any)
		text, _ := inner["attestationObject"].(string)
		object, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		inner["attestationObject"] = base64.RawURLEncoding.EncodeToString(change(object))
		changed, err = json.Marshal(whole)
		return err
	})
	return changed
}
