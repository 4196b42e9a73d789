package rpcases

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// creationView is what cases look at in creation options (WebAuthn L3 §5.1.8). Members that may be missing are pointers.
type creationView struct {
	RP                     struct{ ID, Name *string }
	User                   struct{ ID, Name, DisplayName *string }
	Challenge              string
	PubKeyCredParams       []parameter
	Timeout                *float64
	ExcludeCredentials     []Descriptor
	AuthenticatorSelection struct {
		ResidentKey, UserVerification, AuthenticatorAttachment *string
		RequireResidentKey                                     *bool
	}
	Attestation        *string
	Extensions         map[string]json.RawMessage
	Hints              *[]string
	AttestationFormats *[]string
}

type parameter struct {
	Type string
	Alg  *cose.Algorithm
}

// requestView is the same of request options (WebAuthn L3 §5.1.9).
type requestView struct {
	Challenge        string
	RPID             *string
	Timeout          *float64
	AllowCredentials []Descriptor
	UserVerification *string
	Extensions       map[string]json.RawMessage
}

// creation asks for creation options, which must be given and be of the right kinds.
func (p *Person) creation(ctx context.Context, ask Ask) (view creationView, err error) {
	offered := p.CreationOptions(ctx, ask)
	return view, p.read(offered, "options to register", &view)
}

// request asks for request options in the same way.
func (p *Person) request(ctx context.Context, ask Ask) (view requestView, err error) {
	offered := p.RequestOptions(ctx, ask)
	return view, p.read(offered, "options to sign in", &view)
}

func (p *Person) read(offered subject.Answer, what string, into any) error {
	if err := p.bench.MustAccept(what, offered); err != nil {
		return err
	}
	if err := json.Unmarshal(offered.Options(), into); err != nil {
		return &conformance.Mismatch{What: what, Want: "members of the kinds that WebAuthn describes", Got: err.Error()}
	}
	return nil
}

// claim is something that must be true of an answer.
type claim struct {
	what, want string
	holds      bool
	got        any
}

// firstFalse returns a mismatch of the first claim that does not hold.
func firstFalse(claims ...claim) error {
	for _, c := range claims {
		if !c.holds {
			return &conformance.Mismatch{What: c.what, Want: c.want, Got: shown(c.got)}
		}
	}
	return nil
}

// shown is a value as JSON, which shows what a pointer points to.
func shown(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// is reports whether a member is there and has a value.
func is[T comparable](member *T, value T) bool { return member != nil && *member == value }

func filled(member *string) bool { return member != nil && *member != "" }

// echoed is a claim of FIDO's API, and advice elsewhere: what was asked for is in the options.
func (b *Bench) echoed(c claim) error {
	if c.holds || b.Profile == conformance.FIDO {
		return firstFalse(c)
	}
	b.Advise("%s: want %s, got %s", c.what, c.want, shown(c.got))
	return nil
}

// registered is a person who has registered.
func (b *Bench) registered(ctx context.Context) (*Person, error) {
	p := b.Person(nil)
	answer, err := p.Registers(ctx, Ask{}, Lie{})
	if err == nil {
		err = b.MustAccept("honest registration", answer)
	}
	return p, conformance.Control("honest control", err)
}
