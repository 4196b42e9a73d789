// Package cxf reads and writes FIDO's Credential Exchange Format, in which credential managers hand each other passkeys (CXF
// 1.0, FIDO Alliance Proposed Standard of August 2025). It knows passkeys; credentials of other types are carried along
// as they are.
//
// A document is one header with accounts, an account has items, an item has credentials, all as JSON. Byte strings are
// base64url without padding, times are whole seconds since 1970. Parse is strict about what the format requires and
// ignores members that it does not know, as an importer must; every error names the place.
//
// A document holds private keys in the clear. Whoever moves one encrypts it, which the Credential Exchange Protocol does.
package cxf

import (
	"encoding/json"
	"time"
)

// The version that Encode writes, and the only major one that Parse takes.
const (
	Major = 1
	Minor = 0
)

// Header is a whole document.
type Header struct {
	// Minor is the minor version of the format; the major one is Major.
	Minor int
	// ExporterRPID names the exporting app by a domain, ExporterDisplayName is for people to read.
	ExporterRPID, ExporterDisplayName string
	// Timestamp is when the document was made.
	Timestamp time.Time
	// Accounts are those of the person at the exporting app.
	Accounts []Account
}

// Account is an account at the exporting app, not at a relying party.
type Account struct {
	// ID is at most 64 bytes.
	ID []byte
	// UserName, Email and FullName are those at the exporting app, and may be empty.
	UserName, Email, FullName string
	// Collections are folders, as they are.
	Collections []json.RawMessage
	// Items are what is exported.
	Items []Item
}

// Item is one entry in the exporting app's list, with one or more credentials.
type Item struct {
	// ID is at most 64 bytes.
	ID []byte
	// CreatedAt and ModifiedAt may be zero.
	CreatedAt, ModifiedAt time.Time
	// Title is what the entry is called; Subtitle may be empty.
	Title, Subtitle string
	// Credentials are of any type.
	Credentials []Credential
}

// Credential is one of the two.
type Credential struct {
	// Passkey is nil for credentials of other types.
	Passkey *Passkey
	// Other is a credential of another type, as it is.
	Other json.RawMessage
}

// Passkey is a discoverable WebAuthn credential. Its signature counter is zero and stays zero: one that has counted must not
// be exported, and an importer must not begin to count.
type Passkey struct {
	// CredentialID is the credential id.
	CredentialID []byte
	// RPID is the relying party's.
	RPID string
	// UserName, UserDisplayName and UserHandle are those given at registration, but for names that the person has edited.
	UserName, UserDisplayName string
	UserHandle                []byte
	// Key is the private key as PKCS #8 DER (RFC 5958). It is a secret.
	Key []byte
	// Extensions is what extensions keep with it.
	Extensions Extensions
}

// Extensions is what WebAuthn and CTAP extensions keep with a passkey. The zero value is that of one made without any.
type Extensions struct {
	// HMACCredentials are the secrets of hmac-secret, which WebAuthn calls prf; nil when there are none.
	HMACCredentials *HMACCredentials
	// CredBlob is that of the extension credBlob; nil when there is none.
	CredBlob []byte
	// LargeBlob is that of the extension largeBlob; nil when there is none.
	LargeBlob *LargeBlob
	// Payments says that it may be used for Secure Payment Confirmation.
	Payments bool
}

// HMACSHA256 is the only algorithm of hmac-secret that there is.
const HMACSHA256 = "hmac-sha256"

// HMACCredentials are the two secrets of a passkey, CredRandomWithUV and CredRandomWithoutUV of CTAP 2.3 §12.7.
type HMACCredentials struct {
	// Algorithm is HMACSHA256, or one that is unknown here.
	Algorithm string
	// WithUV and WithoutUV are 32 bytes each for HMACSHA256.
	WithUV, WithoutUV []byte
}

// LargeBlob is a blob compressed by DEFLATE (RFC 1951).
type LargeBlob struct {
	// UncompressedSize is in bytes.
	UncompressedSize uint64
	// Data is compressed.
	Data []byte
}

// Passkeys returns all passkeys of the document, in its order.
func (h *Header) Passkeys() (all []*Passkey) {
	for _, account := range h.Accounts {
		for _, item := range account.Items {
			for _, credential := range item.Credentials {
				if credential.Passkey != nil {
					all = append(all, credential.Passkey)
				}
			}
		}
	}
	return all
}

const (
	typePasskey   = "passkey"
	maxIDLength   = 64       // bytes of the id of an account or item
	maxNameLength = 253      // bytes of a domain name
	maxKeyLength  = 64 << 10 // bytes of a private key; the longest in use, of RSA, has a few thousand
)
