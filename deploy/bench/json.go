package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/descope/virtualwebauthn"

	"github.com/passkeylab/passkeylab/harness/client"
)

// Options as a relying party sends them (WebAuthn L3 §5.4, §5.5); ID stands for the credential id of a get.
const (
	creationOptions = `{"rp":{"id":"login.example","name":"Login"},` +
		`"user":{"id":"dXNlciBoYW5kbGU","name":"ada@login.example","displayName":"Ada Lovelace"},` +
		`"challenge":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE",` +
		`"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],` +
		`"authenticatorSelection":{"residentKey":"required","userVerification":"required"},"attestation":"direct"}`
	requestOptions = `{"challenge":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE","rpId":"login.example",` +
		`"userVerification":"required","allowCredentials":[{"type":"public-key","id":"ID"}]}`
)

// overJSON does for a page what a browser and our authenticator do together.
func overJSON(c *client.Client) func() error {
	return func() error {
		created, err := c.Create(context.Background(), []byte(creationOptions))
		if err != nil {
			return err
		}
		var credential struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(created, &credential); err != nil {
			return err
		}
		_, err = c.Get(context.Background(), []byte(strings.Replace(requestOptions, `"ID"`, `"`+credential.ID+`"`, 1)))
		return err
	}
}

// peerFromParsed is peerCreateGet without the parsing of options, for a comparison in which neither side begins with JSON. Its
// responses are JSON all the same.
func peerFromParsed() (func() error, error) {
	creation, err := virtualwebauthn.ParseAttestationOptions(creationOptions)
	if err != nil {
		return nil, err
	}
	request, err := virtualwebauthn.ParseAssertionOptions(requestOptions)
	return func() error {
		peerCeremonies(creation, request)
		return nil
	}, err
}

// peerCreateGet does the same with descope/virtualwebauthn. It needs no search for the new credential's id.
func peerCreateGet() error {
	creation, err := virtualwebauthn.ParseAttestationOptions(creationOptions)
	if err != nil {
		return err
	}
	request, err := virtualwebauthn.ParseAssertionOptions(requestOptions)
	if err != nil {
		return err
	}
	peerCeremonies(creation, request)
	return nil
}

func peerCeremonies(creation *virtualwebauthn.AttestationOptions, request *virtualwebauthn.AssertionOptions) {
	rp := virtualwebauthn.RelyingParty{Name: "Login", ID: rpID, Origin: origin}
	authenticator := virtualwebauthn.NewAuthenticator()
	credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	_ = virtualwebauthn.CreateAttestationResponse(rp, authenticator, credential, *creation)
	authenticator.AddCredential(credential)
	_ = virtualwebauthn.CreateAssertionResponse(rp, authenticator, credential, *request)
}
