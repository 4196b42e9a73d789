package cxf

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// base64url is a byte string as the format writes it.
type base64url []byte

func (b base64url) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// The members of the format, in its own order.
type (
	wireVersion struct {
		Major int `json:"major"`
		Minor int `json:"minor"`
	}
	wireHeader struct {
		Version             wireVersion   `json:"version"`
		ExporterRPID        string        `json:"exporterRpId"`
		ExporterDisplayName string        `json:"exporterDisplayName"`
		Timestamp           int64         `json:"timestamp"`
		Accounts            []wireAccount `json:"accounts"`
	}
	wireAccount struct {
		ID          base64url         `json:"id"`
		UserName    string            `json:"username"`
		Email       string            `json:"email"`
		FullName    string            `json:"fullName,omitempty"`
		Collections []json.RawMessage `json:"collections"`
		Items       []wireItem        `json:"items"`
	}
	wireItem struct {
		ID          base64url         `json:"id"`
		CreatedAt   *int64            `json:"creationAt,omitempty"`
		ModifiedAt  *int64            `json:"modifiedAt,omitempty"`
		Title       string            `json:"title"`
		Subtitle    string            `json:"subtitle,omitempty"`
		Credentials []json.RawMessage `json:"credentials"`
	}
	wirePasskey struct {
		Type            string          `json:"type"`
		CredentialID    base64url       `json:"credentialId"`
		RPID            string          `json:"rpId"`
		UserName        string          `json:"username"`
		UserDisplayName string          `json:"userDisplayName"`
		UserHandle      base64url       `json:"userHandle"`
		Key             base64url       `json:"key"`
		Extensions      *wireExtensions `json:"fido2Extensions,omitempty"`
	}
	wireExtensions struct {
		HMACCredentials *wireHMAC      `json:"hmacCredentials,omitempty"`
		CredBlob        *base64url     `json:"credBlob,omitempty"`
		LargeBlob       *wireLargeBlob `json:"largeBlob,omitempty"`
		Payments        bool           `json:"payments,omitempty"`
	}
	wireHMAC struct {
		Algorithm string    `json:"algorithm"`
		WithUV    base64url `json:"credWithUV"`
		WithoutUV base64url `json:"credWithoutUV"`
	}
	wireLargeBlob struct {
		UncompressedSize uint64    `json:"uncompressedSize"`
		Data             base64url `json:"data"`
	}
)

// Encode writes a document. It fails with an *Error for what Parse would not take.
func Encode(h *Header) ([]byte, error) {
	wire := wireHeader{
		Version: wireVersion{Major, h.Minor}, ExporterRPID: h.ExporterRPID, ExporterDisplayName: h.ExporterDisplayName,
		Timestamp: h.Timestamp.Unix(), Accounts: []wireAccount{},
	}
	for _, a := range h.Accounts {
		account, err := a.wire()
		if err != nil {
			return nil, err
		}
		wire.Accounts = append(wire.Accounts, account)
	}
	document, err := json.Marshal(wire)
	if err != nil {
		return nil, fmt.Errorf("cxf: encode: %w", err)
	}
	if _, err := Parse(document); err != nil {
		return nil, err
	}
	return document, nil
}

func (a Account) wire() (wireAccount, error) {
	wire := wireAccount{
		ID: a.ID, UserName: a.UserName, Email: a.Email, FullName: a.FullName,
		Collections: append([]json.RawMessage{}, a.Collections...), Items: []wireItem{},
	}
	for _, i := range a.Items {
		item := wireItem{
			ID: i.ID, CreatedAt: seconds(i.CreatedAt), ModifiedAt: seconds(i.ModifiedAt),
			Title: i.Title, Subtitle: i.Subtitle, Credentials: []json.RawMessage{},
		}
		for _, c := range i.Credentials {
			raw := c.Other
			if c.Passkey != nil {
				var err error
				if raw, err = json.Marshal(c.Passkey.wire()); err != nil {
					return wireAccount{}, fmt.Errorf("cxf: encode a passkey: %w", err)
				}
			}
			item.Credentials = append(item.Credentials, raw)
		}
		wire.Items = append(wire.Items, item)
	}
	return wire, nil
}

// seconds is nil for the zero time.
func seconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(t.Unix())
}

func (p *Passkey) wire() wirePasskey {
	return wirePasskey{
		Type: typePasskey, CredentialID: p.CredentialID, RPID: p.RPID,
		UserName: p.UserName, UserDisplayName: p.UserDisplayName, UserHandle: p.UserHandle, Key: p.Key,
		Extensions: p.Extensions.wire(),
	}
}

// wire is nil without any.
func (e Extensions) wire() *wireExtensions {
	wire := &wireExtensions{Payments: e.Payments}
	if e.CredBlob != nil {
		wire.CredBlob = new(base64url(e.CredBlob))
	}
	if h := e.HMACCredentials; h != nil {
		wire.HMACCredentials = &wireHMAC{h.Algorithm, h.WithUV, h.WithoutUV}
	}
	if b := e.LargeBlob; b != nil {
		wire.LargeBlob = &wireLargeBlob{b.UncompressedSize, b.Data}
	}
	if *wire == (wireExtensions{}) {
		return nil
	}
	return wire
}
