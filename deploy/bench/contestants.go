package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// The names of the contestants.
const (
	bare        = "one bare P-256 signature"
	exchange    = "get, request bytes to response bytes"
	createGet   = "create and get, structs over CTAP2 CBOR"
	createGetJS = "create and get, JSON over CTAP2 CBOR to JSON"
	peer        = "create and get, descope/virtualwebauthn, JSON"
	peerParsed  = "the same with its options parsed beforehand"
)

// beside names a get beside many other credentials.
func beside(others int) string { return fmt.Sprintf("get beside %d other credentials", others) }

// besideCreate names a create beside many other credentials.
func besideCreate(others int) string {
	return fmt.Sprintf("create beside %d other credentials", others)
}

// besideRPs and besideCredentials name the beginnings of listings (CTAP 2.3 §6.8.3, §6.8.4).
func besideRPs(others int) string { return fmt.Sprintf("enumerateRPsBegin beside %d others", others) }
func besideCredentials(others int) string {
	return fmt.Sprintf("enumerateCredentialsBegin beside %d others", others)
}

// crowds are numbers of credentials that are there already.
var crowds = []int{10, 1_000, 100_000}

const rpID, origin = "login.example", "https://login.example"

var dataHash = sha256.Sum256([]byte("client data"))

type clock struct{}

func (clock) Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func newAuthenticator() *virtualauth.Authenticator {
	return virtualauth.New(
		virtualauth.Model{Attestation: attestation.FormatPacked, Backup: virtualauth.Synced, CredentialManagement: true, UVTokens: true},
		virtualauth.World{Clock: clock{}, Rand: mathrand.NewChaCha8([32]byte{1})},
	)
}

func contestants() ([]contestant, error) {
	signature, err := bareSignature()
	if err != nil {
		return nil, err
	}
	get, err := exchangeOnly()
	if err != nil {
		return nil, err
	}
	parsed, err := peerFromParsed()
	if err != nil {
		return nil, err
	}
	inJSON := newAuthenticator()
	all := []contestant{
		{bare, signature},
		{exchange, get},
		{createGet, overCTAP(newAuthenticator())},
		{createGetJS, overJSON(&client.Client{Origin: origin, Device: inJSON, Attachment: "cross-platform", Transports: []string{"internal"}})},
		{peer, peerCreateGet},
		{peerParsed, parsed},
	}
	for _, others := range crowds {
		a := newAuthenticator()
		a.Misbehave.ManageWithoutToken = true
		if err := crowd(a, others); err != nil {
			return nil, err
		}
		id, err := create(a, "ada")
		if err != nil {
			return nil, err
		}
		all = append(all, contestant{beside(others), func() error { return getWith(a, id) }})
		all = append(all, contestant{besideCreate(others), func() error {
			_, err := create(a, "bea") // beside ada's, who gets
			return err
		}})
		all = append(all, contestant{besideRPs(others), func() error { return list(a, ctap2.EnumerateRPsBegin) }})
		all = append(all, contestant{besideCredentials(others), func() error { return list(a, ctap2.EnumerateCredentialsBegin) }})
	}
	return all, nil
}

// list begins to list credentials. The authenticator lies that anybody may: a token costs the same beside any number.
func list(a *virtualauth.Authenticator, begin ctap2.CredentialManagementSubCommand) error {
	hash := sha256.Sum256([]byte(siteID(0)))
	parameters, err := ctap2.Marshal(ctap2.CredentialManagementParameters{RPIDHash: hash[:]})
	if err != nil {
		return err
	}
	_, err = ctap2.CredentialManagement(context.Background(), a, &ctap2.CredentialManagementRequest{SubCommand: &begin, Parameters: parameters})
	return err
}

// siteID is the RP ID of a credential in the crowd: a thousand have the same.
func siteID(i int) string { return fmt.Sprintf("site%d.example", i/1000) }

// bareSignature signs like the software key store, deterministically by RFC 6979.
func bareSignature() (func() error, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return func() error {
		_, err := private.Sign(nil, dataHash[:], crypto.SHA256)
		return err
	}, err
}

// exchangeOnly is what an authenticator itself does for a get.
func exchangeOnly() (func() error, error) {
	a := newAuthenticator()
	id, err := create(a, "ada")
	if err != nil {
		return nil, err
	}
	request, err := ctap2.EncodeRequest(ctap2.CommandGetAssertion, getRequest(id))
	return func() error {
		response, err := a.Exchange(context.Background(), request)
		if err == nil && ctap2.Status(response[0]) != ctap2.OK {
			err = ctap2.Status(response[0])
		}
		return err
	}, err
}

// overCTAP replaces one credential over and over, and signs with it.
func overCTAP(a *virtualauth.Authenticator) func() error {
	return func() error {
		id, err := create(a, "ada")
		if err != nil {
			return err
		}
		return getWith(a, id)
	}
}

func create(a *virtualauth.Authenticator, user string) (id []byte, err error) {
	response, err := ctap2.MakeCredential(context.Background(), a, &ctap2.MakeCredentialRequest{
		ClientDataHash: dataHash[:], RP: ctap2.RelyingParty{ID: rpID, Name: "Login"},
		User:       ctap2.User{ID: []byte("user handle of " + user), Name: "ada@login.example", DisplayName: "Ada Lovelace"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}, {Algorithm: cose.RS256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	})
	if err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint16(response.AuthData[53:]) // WebAuthn L3 §6.5.1
	return response.AuthData[55 : 55+length], nil
}

func getRequest(id []byte) *ctap2.GetAssertionRequest {
	return &ctap2.GetAssertionRequest{
		RPID: rpID, ClientDataHash: dataHash[:], Options: &ctap2.Options{UserVerification: new(true)},
		AllowList: []ctap2.Descriptor{{ID: id, Type: ctap2.PublicKey}},
	}
}

func getWith(a *virtualauth.Authenticator, id []byte) error {
	_, err := ctap2.GetAssertion(context.Background(), a, getRequest(id))
	return err
}

// crowd imports credentials of other relying parties that share one key.
func crowd(a *virtualauth.Authenticator, others int) error {
	if _, err := create(a, "ada"); err != nil {
		return err
	}
	one, err := a.Export(context.Background(), a.Credentials()[0].ID)
	if err != nil {
		return err
	}
	for i := range others {
		one.ID = binary.BigEndian.AppendUint64(make([]byte, 24), uint64(i))
		one.RPID, one.UserHandle = siteID(i), one.ID
		if err := a.Import(context.Background(), one); err != nil {
			return err
		}
	}
	return nil
}
