package rpcases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// Person is an account to be, with a browser and an authenticator. The browser is a WebAuthn client without a page: what a
// page's script would do is done here.
type Person struct {
	// Name is the user name.
	Name string
	// Browser keeps the cookies; another one is another session.
	Browser subject.Visitor
	// Device holds the keys; it may be exchanged (NewDevice), and it may misbehave.
	Device *virtualauth.Authenticator

	bench *Bench
	keys  *keys
	// transports are how the device is reached, which its getInfo need not say.
	transports []string
}

// Ask is what is asked of an options endpoint, beside the user name.
type Ask struct {
	// Attestation is "none" when empty, UserVerification "preferred".
	Attestation, UserVerification string
	// ResidentKey and Attachment are left out when empty; without ResidentKey, requireResidentKey is false.
	ResidentKey, Attachment string
	Extensions              map[string]any
	// NoUserName leaves the user name out, at sign-in: the authenticator offers its accounts.
	NoUserName bool
	// Edit changes the request's members before it is sent; it has the last word.
	Edit func(members map[string]any)
	// Until asks again and again until the options are such, up to 40 times; the case is skipped when they never are.
	Until func(options []byte) bool
}

func (a Ask) body(userName string, endpoint subject.Endpoint) []byte {
	members := map[string]any{}
	if !a.NoUserName {
		members["username"] = userName
	}
	verification := a.UserVerification
	if verification == "" {
		verification = "preferred"
	}
	if endpoint == subject.CreationOptions {
		selection := map[string]any{"userVerification": verification, "requireResidentKey": a.ResidentKey == "required"}
		if a.ResidentKey != "" {
			selection["residentKey"] = a.ResidentKey
		}
		if a.Attachment != "" {
			selection["authenticatorAttachment"] = a.Attachment
		}
		members["displayName"], members["attestation"], members["authenticatorSelection"] = "Somebody", "none", selection
		if a.Attestation != "" {
			members["attestation"] = a.Attestation
		}
	} else {
		members["userVerification"] = verification
	}
	if a.Extensions != nil {
		members["extensions"] = a.Extensions
	}
	if a.Edit != nil {
		a.Edit(members)
	}
	encoded, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("rpcases: an Ask that is no JSON: %v", err)) // a mistake in a case
	}
	return encoded
}

// CreationOptions asks for options to register.
func (p *Person) CreationOptions(ctx context.Context, ask Ask) subject.Answer {
	return p.options(ctx, subject.CreationOptions, ask)
}

// RequestOptions asks for options to sign in.
func (p *Person) RequestOptions(ctx context.Context, ask Ask) subject.Answer {
	return p.options(ctx, subject.RequestOptions, ask)
}

func (p *Person) options(ctx context.Context, endpoint subject.Endpoint, ask Ask) subject.Answer {
	return p.Browser.Do(ctx, subject.Request{Endpoint: endpoint, Body: ask.body(p.Name, endpoint), Purpose: "options"})
}

// Registers performs one registration, with a lie in it or, for the zero Lie, honestly. The error means that there was nothing
// to send: no options, or a client or an authenticator that would not. Judge the answer, not the error.
func (p *Person) Registers(ctx context.Context, ask Ask, lie Lie) (subject.Answer, error) {
	offered, err := p.fitting(ctx, ask, p.CreationOptions)
	if err != nil {
		return offered, fmt.Errorf("creation options: %w", err)
	}
	message, err := p.Create(ctx, offered.Options(), lie)
	if err != nil {
		return offered, err
	}
	return p.Posts(ctx, subject.CreationResult, message, lie)
}

// SignsIn performs one authentication, with a lie in it or honestly, as Registers does.
func (p *Person) SignsIn(ctx context.Context, ask Ask, lie Lie) (subject.Answer, error) {
	offered, err := p.fitting(ctx, ask, p.RequestOptions)
	if err != nil {
		return offered, fmt.Errorf("request options: %w", err)
	}
	message, err := p.Get(ctx, offered.Options(), lie)
	if err != nil {
		return offered, err
	}
	return p.Posts(ctx, subject.RequestResult, message, lie)
}

// fitting asks for options until they are what Ask.Until wants.
func (p *Person) fitting(ctx context.Context, ask Ask, options func(context.Context, Ask) subject.Answer) (subject.Answer, error) {
	const most = 40
	for range most {
		offered := options(ctx, ask)
		if offered.Outcome != subject.Accepted {
			return offered, notOffered(offered)
		}
		if ask.Until == nil || ask.Until(offered.Options()) {
			return offered, nil
		}
	}
	return subject.Answer{}, conformance.Skip("none of %d options was such that this can be said", most)
}

// Create answers creation options, as far as client and authenticator tell the lie.
func (p *Person) Create(ctx context.Context, options []byte, lie Lie) (*Message, error) {
	return p.answer(ctx, options, lie, (*client.Client).Create)
}

// Get answers request options.
func (p *Person) Get(ctx context.Context, options []byte, lie Lie) (*Message, error) {
	return p.answer(ctx, options, lie, (*client.Client).Get)
}

func (p *Person) answer(ctx context.Context, options []byte, lie Lie, ceremony func(*client.Client, context.Context, []byte) ([]byte, error)) (*Message, error) {
	honest := p.Device.Misbehave
	p.Device.Misbehave = lie.Device
	p.keys.tell(lie.Sign)
	defer func() {
		p.Device.Misbehave = honest
		p.keys.tell(nil)
	}()
	c := &client.Client{Origin: p.bench.RP.Origin(), Device: p.Device, Transports: p.transports, Rand: p.bench.Rand, Misbehave: lie.Client}
	encoded, err := ceremony(c, ctx, options)
	if unsupported := new(client.DOMError); errors.As(err, &unsupported) && unsupported.Name == client.NotSupportedError {
		return nil, conformance.Skip("the relying party offers none of the algorithms that this case needs")
	}
	if err != nil {
		return nil, fmt.Errorf("the client: %w", err)
	}
	return parseMessage(encoded)
}

// Posts sends a message to a result endpoint, with what the lie changes about message, body and request.
func (p *Person) Posts(ctx context.Context, endpoint subject.Endpoint, message *Message, lie Lie) (subject.Answer, error) {
	if lie.Message != nil {
		if err := lie.Message(message); err != nil {
			return subject.Answer{}, fmt.Errorf("tell the lie: %w", err)
		}
	}
	request := subject.Request{Endpoint: endpoint, Body: message.Encode(), Purpose: lie.purpose()}
	if lie.Body != nil {
		request.Body = lie.Body(request.Body)
	}
	if lie.Request != nil {
		lie.Request(&request)
	}
	browser := p.Browser
	if lie.OtherBrowser {
		browser = p.bench.RP.Visit()
	}
	answer := browser.Do(ctx, request)
	if answer.Outcome == subject.Inexpressible {
		return answer, unsaid(answer)
	}
	return answer, nil
}

// unsaid skips a case that asks a server something which it cannot be asked.
func unsaid(answer subject.Answer) error {
	return conformance.Skip("this cannot be said to such a server: %v", answer.Err)
}

// notOffered is why there are no options.
func notOffered(offered subject.Answer) error {
	if offered.Outcome == subject.Inexpressible {
		return unsaid(offered)
	}
	return errors.New(offered.String())
}
