package rpcases

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func onlyES256(m *virtualauth.Model) { only(cose.ES256)(m) }

// lists wants the exclude list of the person's next options to be of these ids and no others, in any order.
func (p *Person) lists(ctx context.Context, what, want string, ids [][]byte) error {
	again := p.CreationOptions(ctx, Ask{})
	if err := p.bench.MustAccept(what, again); err != nil {
		return err
	}
	listed := descriptors(again, "excludeCredentials")
	left := slices.Clone(ids)
	strange := slices.ContainsFunc(listed, func(d Descriptor) bool {
		at := slices.IndexFunc(left, func(id []byte) bool { return string(id) == string(d.Bytes()) })
		if d.Type != "public-key" || at < 0 {
			return true
		}
		left = slices.Delete(left, at, at+1)
		return false
	})
	if strange || len(left) > 0 {
		return &conformance.Mismatch{What: what + ", excludeCredentials", Want: want, Got: fmt.Sprintf("%+v", listed)}
	}
	return nil
}

// strangeKey is a private key that no authenticator has.
func strangeKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(strings.Repeat("k", 32)))
	if err != nil {
		return nil, nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	return key, public, err
}

// keyOutside registers with another public key beside the attestation object. Where that is accepted, the attested key must sign
// the owner in, and the other one must not.
func keyOutside(ctx context.Context, b *Bench) error {
	strange, public, err := strangeKey()
	if err != nil {
		return err
	}
	r := Registration{Model: onlyES256, Lie: Lie{Is: "another public key beside the attestation object", Client: client.Misbehaviour{OuterPublicKey: public}}}
	if err := r.OfUse(ctx, b); err != nil {
		return err
	}
	p := b.Person(r.Model)
	answer, err := p.Registers(ctx, Ask{}, r.Lie)
	if err != nil || answer.Outcome != subject.Accepted {
		return err
	}
	lie := Lie{Is: "the signature of the key beside the attestation object", Sign: func(message []byte, _ crypto.Signer) ([]byte, error) {
		digest := sha256.Sum256(message)
		return strange.Sign(nil, digest[:], crypto.SHA256) // without randomness: RFC 6979
	}}
	answer, err = p.SignsIn(ctx, Ask{}, lie)
	if err != nil {
		return conformance.Control("sign-in with "+lie.Is, err)
	}
	return b.MustRefuse("sign-in with "+lie.Is, answer)
}

// idOfAnother registers with an id around the attestation object that is that of another credential. Where that is accepted, the
// attested id must be what is kept.
func idOfAnother(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	lie := Lie{Is: "another id around the attestation object", Message: func(m *Message) error {
		for _, path := range idsOf {
			m.SetBytes(path, []byte("sixteen bytes!!!"))
		}
		return nil
	}}
	p := b.Person(nil)
	answer, err := p.tells(ctx, Ask{}, lie, (*Bench).MustDecide)
	if err != nil {
		return err
	}
	if answer.Outcome != subject.Accepted {
		return Registration{}.nothingLeft(ctx, p, lie)
	}
	b.Advise("a registration with an id that is not the attested one was accepted")
	return p.lists(ctx, "options after a registration with "+lie.Is, "the attested id and no other", [][]byte{p.Device.Credentials()[0].ID})
}

// idRespelt registers with an id whose last sign has spare bits set, so that other readers decode it to the same bytes.
func idRespelt(ctx context.Context, b *Bench) error {
	if err := (Registration{}).control(ctx, b); err != nil {
		return err
	}
	p := b.Person(nil)
	lie := Lie{Is: "an id with spare bits set", Message: func(m *Message) error {
		id, _ := m.Get("id").(string)
		if len(id)%4 == 0 {
			return conformance.Skip("the credential's id has no spare bits")
		}
		for _, path := range idsOf {
			m.Set(path, spareBits(id))
		}
		return nil
	}}
	answer, err := p.tells(ctx, Ask{}, lie, (*Bench).MustDecide)
	if err != nil {
		return err
	}
	if answer.Outcome != subject.Accepted {
		return Registration{}.nothingLeft(ctx, p, lie)
	}
	id := p.Device.Credentials()[0].ID
	if err := p.lists(ctx, "options after a registration with "+lie.Is, "one credential, by the usual spelling of its id", [][]byte{id}); err != nil {
		return err
	}
	offered := p.CreationOptions(ctx, Ask{})
	if listed := descriptors(offered, "excludeCredentials"); len(listed) != 1 || listed[0].ID != base64.RawURLEncoding.EncodeToString(id) {
		return &conformance.Mismatch{What: "excludeCredentials", Want: "the usual spelling of the id", Got: fmt.Sprintf("%+v", listed)}
	}
	return p.signsInAfter(ctx, "registration with "+lie.Is)
}

// assertionAtRegistration posts an honest assertion where a registration is wanted.
func assertionAtRegistration(ctx context.Context, b *Bench) error {
	p, err := Authentication{}.control(ctx, b)
	if err != nil {
		return err
	}
	asked := p.RequestOptions(ctx, Ask{})
	if err := b.MustAccept("request options", asked); err != nil {
		return conformance.Control("request options", err)
	}
	message, err := p.Get(ctx, asked.Options(), Lie{})
	if err != nil {
		return conformance.Control("an honest assertion", err)
	}
	if offered := p.CreationOptions(ctx, Ask{}); offered.Outcome != subject.Accepted {
		return conformance.Control("creation options", b.MustAccept("creation options", offered))
	}
	answer, err := p.Posts(ctx, subject.CreationResult, message, Lie{Is: "an assertion"})
	if err != nil {
		return err
	}
	if err := b.MustRefuse("registration with an assertion", answer); err != nil {
		return err
	}
	if err := p.lists(ctx, "options after a registration with an assertion", "the credential of before and no other", [][]byte{p.Device.Credentials()[0].ID}); err != nil {
		return err
	}
	return Authentication{}.honest(ctx, p, "an honest sign-in afterwards")
}
