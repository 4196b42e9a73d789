package rpcases

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Bench is what one trial of one case works on: the relying party, with everything said to it on record, and people who have
// never been there.
type Bench struct {
	*conformance.Trial
	RP     subject.RelyingParty
	Policy Policy

	suite  *Suite
	people int
}

// Model changes an authenticator before it is made; nil changes nothing.
type Model func(*virtualauth.Model)

// usualModel is a security key that verifies users by itself, attests to nothing, and has the algorithms that every relying
// party offers one of.
func usualModel() virtualauth.Model {
	return virtualauth.Model{Algorithms: []cose.Algorithm{cose.ES256, cose.EdDSA, cose.RS256}, Transports: []string{"usb"}}
}

// Person returns somebody with a user name of their own, a browser without cookies, and a new authenticator.
func (b *Bench) Person(model Model, equip ...Equip) *Person {
	b.people++
	name := make([]byte, 4)
	_, _ = io.ReadFull(b.Rand, name) // it never fails
	p := &Person{
		bench: b, Name: fmt.Sprintf("user-%s-%s-%d", b.suite.Run, hex.EncodeToString(name), b.people), Browser: b.RP.Visit(),
	}
	p.NewDevice(model, equip...)
	return p
}

// NewDevice gives the person a new authenticator in place of the old one.
func (p *Person) NewDevice(model Model, equip ...Equip) {
	m := usualModel()
	if model != nil {
		model(&m)
	}
	p.transports = m.Transports
	b := p.bench
	p.keys = &keys{Software: keystore.NewSoftware(b.Rand), given: rsaKeys(rsaPEM)}
	world := virtualauth.World{Clock: clock(b.suite.Now), Rand: b.Rand, Authority: b.suite.Authority, Keys: p.keys}
	for _, change := range equip {
		if change != nil {
			change(&world)
		}
	}
	p.Device = virtualauth.New(m, world)
}

// clock is a function as virtualauth wants it.
type clock func() time.Time

// Now implements virtualauth.Clock.
func (c clock) Now() time.Time { return c() }
