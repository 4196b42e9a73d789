package hybrid

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

const (
	linkIDLength      = 8
	linkSecretLength  = 32
	clientNonceLength = 16
)

// LinkID is a phone's name for a computer that it remembers.
type LinkID [linkIDLength]byte

// Linked is what a computer knows of a phone that linked with it (CTAP 2.3 §11.5.1.4): Desktop.Reconnect needs no QR code then.
// It holds a secret.
type Linked struct {
	// Domain is the phone's tunnel server.
	Domain uint16
	// ContactID is what the tunnel server calls the phone. Whoever has it can ring the phone, but no more.
	ContactID []byte
	// LinkID is what the phone calls this computer.
	LinkID LinkID
	// Secret is what adverts and handshakes are derived from.
	Secret [linkSecretLength]byte
	// PublicKey is the phone's, an uncompressed point of P-256: 65 bytes.
	PublicKey []byte
	// Name is what the phone calls itself.
	Name string
}

// wireUpdate is the CBOR map of an update (CTAP 2.3 §11.5.1.4). Key 0 is padding.
type wireUpdate struct {
	Link *wireLink `cbor:"1,keyasint,omitempty"`
}

// wireLink is the linking information in an update, or in the post-handshake message.
type wireLink struct {
	ContactID ctap2.Bytes `cbor:"1,keyasint,omitempty"`
	LinkID    ctap2.Bytes `cbor:"2,keyasint,omitempty"`
	Secret    ctap2.Bytes `cbor:"3,keyasint,omitempty"`
	PublicKey ctap2.Bytes `cbor:"4,keyasint,omitempty"`
	Name      string      `cbor:"5,keyasint,omitempty"`
	// Signature proves that the sender has the private key, and means this one handshake: HMAC-SHA-256 of the handshake's hash,
	// under what the phone's key and the QR code's agree on.
	Signature ctap2.Bytes `cbor:"6,keyasint,omitempty"`
}

// parseUpdate reads an update. It fails with a *ProtocolError.
func parseUpdate(payload []byte) (wireUpdate, error) {
	var u wireUpdate
	if err := ctap2.Unmarshal(payload, &u); err != nil {
		return wireUpdate{}, &ProtocolError{Problem: "an update is not its map", Err: err}
	}
	return u, nil
}

// redacted is the update for eyes that must not see the secret.
func (u wireUpdate) redacted() []byte {
	if u.Link != nil {
		link := *u.Link
		link.Secret = make([]byte, len(link.Secret))
		u.Link = &link
	}
	return u.encode()
}

// encode returns the CBOR map. Its members cannot fail to encode.
func (u wireUpdate) encode() []byte {
	encoded, _ := ctap2.Marshal(u)
	return encoded
}

// errForgedLink says that linking information is not from the phone at the other end.
var errForgedLink = errors.New("the signature of the linking information is not the phone's")

// judge makes a Linked of linking information that is whole and signed for this handshake.
func (w *wireLink) judge(client *ecdh.PrivateKey, hash [noiseHash]byte, domain uint16) (Linked, error) {
	if len(w.ContactID) == 0 || len(w.LinkID) != linkIDLength || len(w.Secret) != linkSecretLength {
		return Linked{}, fmt.Errorf("a contact id of %d bytes, a link id of %d, a secret of %d", len(w.ContactID), len(w.LinkID), len(w.Secret))
	}
	phone, err := ecdh.P256().NewPublicKey(w.PublicKey)
	if err != nil {
		return Linked{}, fmt.Errorf("the phone's key: %w", err)
	}
	expected, err := linkSignature(client, phone, hash)
	if err != nil {
		return Linked{}, err
	}
	if !hmac.Equal(expected, w.Signature) {
		return Linked{}, errForgedLink
	}
	return Linked{
		Domain: domain, ContactID: w.ContactID, LinkID: LinkID(w.LinkID), Secret: [linkSecretLength]byte(w.Secret),
		PublicKey: w.PublicKey, Name: w.Name,
	}, nil
}

// linkSignature needs one private key of the two, whichever.
func linkSignature(private *ecdh.PrivateKey, public *ecdh.PublicKey, hash [noiseHash]byte) ([]byte, error) {
	shared, err := private.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("the keys do not agree: %w", err)
	}
	mac := hmac.New(sha256.New, shared)
	mac.Write(hash[:])
	return mac.Sum(nil), nil
}

// clientPayload is what a computer sends when it contacts a phone (CTAP 2.3 §11.5.2).
type clientPayload struct {
	LinkID ctap2.Bytes `cbor:"1,keyasint,omitempty"`
	// Nonce makes the advert of each transaction another one.
	Nonce ctap2.Bytes `cbor:"2,keyasint,omitempty"`
	Hint  string      `cbor:"3,keyasint,omitempty"`
}

// parseClientPayload fails with a *ProtocolError.
func parseClientPayload(payload []byte) (clientPayload, error) {
	var p clientPayload
	if err := ctap2.Unmarshal(payload, &p); err != nil {
		return clientPayload{}, &ProtocolError{Problem: "the client payload is not its map", Err: err}
	}
	if len(p.LinkID) != linkIDLength || len(p.Nonce) != clientNonceLength {
		return clientPayload{}, &ProtocolError{Problem: fmt.Sprintf("the client payload has a link id of %d bytes and a nonce of %d", len(p.LinkID), len(p.Nonce))}
	}
	return p, nil
}

// encode returns the CBOR map. Its members cannot fail to encode.
func (p clientPayload) encode() []byte {
	encoded, _ := ctap2.Marshal(p)
	return encoded
}

// Remembered is what a phone knows of the computers that it linked with. There is one for each contact id, it needs nothing but
// that, and is safe for concurrent use. Secrets are derived again each time, from Phone.Root.
type Remembered struct {
	// ContactID is what the tunnel server calls the phone; never empty, and never written once it is used.
	ContactID []byte

	mu        sync.Mutex
	computers map[LinkID]map[[clientNonceLength]byte]bool // and the nonces that each has used
}

// Computers lists the computers in no order.
func (r *Remembered) Computers() []LinkID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.computers))
}

// Remember adds a computer that was linked earlier, in another process for example. The nonces that it used then are forgotten.
func (r *Remembered) Remember(id LinkID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.computers == nil {
		r.computers = map[LinkID]map[[clientNonceLength]byte]bool{}
	}
	if r.computers[id] == nil {
		r.computers[id] = map[[clientNonceLength]byte]bool{}
	}
}

// Forget ends a link: the computer is not answered any more.
func (r *Remembered) Forget(id LinkID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.computers, id)
}

// admit lets a computer in that is remembered and comes with a new nonce.
func (r *Remembered) admit(p clientPayload) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	used, known := r.computers[LinkID(p.LinkID)]
	if !known {
		return fmt.Errorf("hybrid: contacted by link %x: %w", []byte(p.LinkID), ErrUnknownLink)
	}
	nonce := [clientNonceLength]byte(p.Nonce)
	if used[nonce] {
		return fmt.Errorf("hybrid: contacted by link %x: %w", []byte(p.LinkID), ErrReplayed)
	}
	used[nonce] = true
	return nil
}
