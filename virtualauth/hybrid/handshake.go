package hybrid

import (
	"crypto/ecdh"
	"fmt"
	"io"
	"slices"
)

// messageLength is that of both handshake messages: an ephemeral key, and the tag of nothing.
const messageLength = pointLength + tagLength

// outcome is what both ends know after the handshake.
type outcome struct {
	client, phone [keyLength]byte // for what each of them sends
	hash          [noiseHash]byte // names this one handshake; links are bound to it
}

// initiator is a client between its message and the phone's.
type initiator struct {
	state symmetric
	e     *ecdh.PrivateKey
	s     *ecdh.PrivateKey // the key of the QR code; nil in NKpsk0
}

// initiateKN begins the handshake by QR code, of which s is the key. The phone knows that key already:
//
//	KNpsk0:
//	  -> s
//	  ...
//	  -> psk, e
//	  <- e, ee, se
func initiateKN(random io.Reader, psk []byte, s *ecdh.PrivateKey) (*initiator, []byte, error) {
	i := &initiator{state: initialize(protocolKN), s: s}
	i.state.mixHash([]byte{prologueQR})
	// -> s, known before
	i.state.mixHash(s.PublicKey().Bytes())
	// -> psk
	i.state.mixKeyAndHash(psk)
	// -> e
	if err := i.ephemeral(random); err != nil {
		return nil, nil, err
	}
	return i, i.message(), nil
}

// initiateNK begins the handshake with a linked phone, of which rs is the key:
//
//	NKpsk0:
//	  <- s
//	  ...
//	  -> psk, e, es
//	  <- e, ee
func initiateNK(random io.Reader, psk []byte, rs *ecdh.PublicKey) (*initiator, []byte, error) {
	i := &initiator{state: initialize(protocolNK)}
	i.state.mixHash([]byte{prologueLinked})
	// <- s, known before
	i.state.mixHash(rs.Bytes())
	// -> psk
	i.state.mixKeyAndHash(psk)
	// -> e
	if err := i.ephemeral(random); err != nil {
		return nil, nil, err
	}
	// -> es
	es, err := i.e.ECDH(rs)
	if err != nil {
		return nil, nil, &HandshakeError{Problem: "the phone's key does not agree with ours"}
	}
	i.state.mixKey(es)
	return i, i.message(), nil
}

// ephemeral draws e. With a psk, an ephemeral key is mixed into the key as well (Noise revision 34 §9.2).
func (i *initiator) ephemeral(random io.Reader) error {
	e, err := newKey(random)
	if err != nil {
		return err
	}
	i.e = e
	i.state.mixHash(e.PublicKey().Bytes())
	i.state.mixKey(e.PublicKey().Bytes())
	return nil
}

// message is the ephemeral key and the tag of an empty payload.
func (i *initiator) message() []byte {
	return append(i.e.PublicKey().Bytes(), i.state.encryptAndHash(nil)...)
}

// finish reads the phone's message. It fails with a *HandshakeError.
func (i *initiator) finish(message []byte) (outcome, error) {
	// <- e
	re, tag, err := i.state.readEphemeral(message)
	if err != nil {
		return outcome{}, err
	}
	// <- ee
	if err := i.state.mixAgreement(i.e, re); err != nil {
		return outcome{}, err
	}
	if i.s != nil {
		// <- se
		if err := i.state.mixAgreement(i.s, re); err != nil {
			return outcome{}, err
		}
	}
	if _, err := i.state.decryptAndHash(tag); err != nil {
		return outcome{}, &HandshakeError{Problem: "the phone's message: " + err.Error()}
	}
	return i.state.outcome(), nil
}

// responder is a phone with a PSK and, for a remembered computer, its own static key.
type responder struct {
	psk       []byte
	identity  *ecdh.PrivateKey
	credulous bool // takes a client's message that does not decrypt; a lie
}

// respondKN answers the handshake by QR code, of which rs is the key. It fails with a *HandshakeError.
func (r responder) respondKN(random io.Reader, rs *ecdh.PublicKey, message []byte) (outcome, []byte, error) {
	s := initialize(protocolKN)
	s.mixHash([]byte{prologueQR})
	// -> s, known before
	s.mixHash(rs.Bytes())
	// -> psk
	s.mixKeyAndHash(r.psk)
	// -> e
	re, tag, err := s.readEphemeral(message)
	if err != nil {
		return outcome{}, nil, err
	}
	if err := r.check(&s, tag); err != nil {
		return outcome{}, nil, err
	}
	// <- e, ee, se
	return s.respond(random, re, rs)
}

// respondNK answers the handshake of a remembered computer with our own key. It fails with a *HandshakeError.
func (r responder) respondNK(random io.Reader, message []byte) (outcome, []byte, error) {
	s := initialize(protocolNK)
	s.mixHash([]byte{prologueLinked})
	// <- s, known before
	s.mixHash(r.identity.PublicKey().Bytes())
	// -> psk
	s.mixKeyAndHash(r.psk)
	// -> e
	re, tag, err := s.readEphemeral(message)
	if err != nil {
		return outcome{}, nil, err
	}
	// -> es
	if err := s.mixAgreement(r.identity, re); err != nil {
		return outcome{}, nil, err
	}
	if err := r.check(&s, tag); err != nil {
		return outcome{}, nil, err
	}
	// <- e, ee
	return s.respond(random, re)
}

// check decrypts the empty payload of the client's message, which shows that the client has the PSK.
func (r responder) check(s *symmetric, tag []byte) error {
	_, err := s.decryptAndHash(tag)
	if err == nil {
		return nil
	}
	if r.credulous {
		s.mixHash(tag)
		return nil
	}
	return &HandshakeError{Problem: "the client's message: " + err.Error()}
}

// respond draws e and agrees with the client's keys: the ephemeral one, for ee, and in KNpsk0 the one of the QR code, for se.
func (s *symmetric) respond(random io.Reader, with ...*ecdh.PublicKey) (outcome, []byte, error) {
	// <- e
	e, err := newKey(random)
	if err != nil {
		return outcome{}, nil, err
	}
	s.mixHash(e.PublicKey().Bytes())
	s.mixKey(e.PublicKey().Bytes())
	// <- ee, and se
	for _, key := range with {
		if err := s.mixAgreement(e, key); err != nil {
			return outcome{}, nil, err
		}
	}
	message := slices.Concat(e.PublicKey().Bytes(), s.encryptAndHash(nil))
	return s.outcome(), message, nil
}

// readEphemeral takes the other end's ephemeral key off a message. What is left is the tag.
func (s *symmetric) readEphemeral(message []byte) (*ecdh.PublicKey, []byte, error) {
	if len(message) != messageLength {
		return nil, nil, &HandshakeError{Problem: fmt.Sprintf("a message of %d bytes instead of %d", len(message), messageLength)}
	}
	re, err := ecdh.P256().NewPublicKey(message[:pointLength])
	if err != nil {
		return nil, nil, &HandshakeError{Problem: "the ephemeral key is no point of P-256"}
	}
	s.mixHash(re.Bytes())
	s.mixKey(re.Bytes())
	return re, message[pointLength:], nil
}

func (s *symmetric) mixAgreement(private *ecdh.PrivateKey, public *ecdh.PublicKey) error {
	shared, err := private.ECDH(public)
	if err != nil {
		return &HandshakeError{Problem: "the keys do not agree: " + err.Error()}
	}
	s.mixKey(shared)
	return nil
}

func (s *symmetric) outcome() outcome {
	client, phone := s.split()
	return outcome{client: client, phone: phone, hash: s.h}
}
