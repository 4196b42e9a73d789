package rpcases

import (
	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth"
)

// Lie is exactly one deviation of an otherwise honest ceremony. Use the outermost field that can express it from the inside
// out: what the authenticator signs is Device, what the client hashes is Client, the JSON around it Message, the bytes of the
// body Body, and HTTP Request. Everything outside of the lie is made again after it: signatures fit unless they are the lie.
type Lie struct {
	// Is says what is wrong, in words that follow "with": "client data of type webauthn.get".
	Is string
	// Device and Client are lies of the authenticator and of the client.
	Device virtualauth.Misbehaviour
	Client client.Misbehaviour
	// Sign makes the signature of the credential's key, that of self attestation included. It has no effect on keys of Equip.
	Sign Sign
	// Message changes the response after it was signed; Body what is posted, byte by byte.
	Message func(*Message) error
	Body    func(honest []byte) []byte
	// Request changes the HTTP request.
	Request func(*subject.Request)
	// OtherBrowser posts from a browser without this one's cookies.
	OtherBrowser bool
}

func (l Lie) purpose() string {
	if l.Is == "" {
		return "honest"
	}
	return "with " + l.Is
}
