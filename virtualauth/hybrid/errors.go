package hybrid

import (
	"errors"
	"fmt"
	"net/http"
)

// Errors of both halves; test for them with errors.Is.
var (
	// ErrVanished says that the tunnel closed, or broke, without a word of the other end.
	ErrVanished = errors.New("the other end is gone")
	// ErrShutdown says that the client ended the tunnel while a request of its own was still being worked on.
	ErrShutdown = errors.New("the client shut down before it was answered")
	// ErrClosed says that this end closed the tunnel.
	ErrClosed = errors.New("the tunnel is closed")
	// ErrGone says that the tunnel server knows no such tunnel or contact any more. A computer forgets the phone then
	// (CTAP 2.3 §11.5.2).
	ErrGone = errors.New("the tunnel server says that it is gone for good")
	// ErrNoCTAP says that the phone offers no CTAP in this tunnel, only digital credentials.
	ErrNoCTAP = errors.New("the phone does not offer CTAP here")
	// ErrNoChannel says that a QR code names data channels of which none is a tunnel (CTAP 2.3 §11.5.1.1).
	ErrNoChannel = errors.New("the computer offers no data channel through a tunnel server")
	// ErrUnknownDomain says that the computer does not know the phone's tunnel server, or that nobody does.
	ErrUnknownDomain = errors.New("not a tunnel server that both ends know")
	// ErrUnknownLink says that the phone was contacted by a computer that it does not remember.
	ErrUnknownLink = errors.New("no computer that this phone remembers")
	// ErrReplayed says that a computer used a nonce for the second time (CTAP 2.3 §11.5.2).
	ErrReplayed = errors.New("the client's nonce was used before")
)

// SetupError says that a half lacks something from outside.
type SetupError struct {
	// Missing is the name of the field.
	Missing string
}

// Error names the field to set.
func (e *SetupError) Error() string { return "hybrid: set " + e.Missing + ": it is missing" }

// QRError says why a text is no QR code of this transport.
type QRError struct {
	// Part is what is wrong: "scheme", "digits", "CBOR", "public key", "secret".
	Part string
	// Problem says how.
	Problem string
	// Err is the cause below, if there is one.
	Err error
}

// Error gives part and problem.
func (e *QRError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("hybrid: QR code: %s: %s: %v", e.Part, e.Problem, e.Err)
	}
	return fmt.Sprintf("hybrid: QR code: %s: %s", e.Part, e.Problem)
}

// Unwrap returns the cause.
func (e *QRError) Unwrap() error { return e.Err }

// TunnelError says that a tunnel could not be opened.
type TunnelError struct {
	// URL is where.
	URL string
	// Status is the server's HTTP status; 0 when it did not answer.
	Status int
	// Err is the cause below.
	Err error
}

// Error gives the address and the cause.
func (e *TunnelError) Error() string {
	if e.Status != 0 && e.Status != http.StatusSwitchingProtocols {
		return fmt.Sprintf("hybrid: open %s: the tunnel server answers %d", e.URL, e.Status)
	}
	return fmt.Sprintf("hybrid: open %s: %v", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *TunnelError) Unwrap() error { return e.Err }

// Is makes a tunnel server's 410 ErrGone.
func (e *TunnelError) Is(target error) bool { return target == ErrGone && e.Status == http.StatusGone }

// HandshakeError says that the Noise handshake failed: the other end is not who it should be, or did not hear the advert.
type HandshakeError struct {
	// Problem says where.
	Problem string
}

// Error gives the problem.
func (e *HandshakeError) Error() string { return "hybrid: handshake: " + e.Problem }

// ProtocolError says that the other end broke the protocol after the handshake. The tunnel is closed then.
type ProtocolError struct {
	// Problem says how.
	Problem string
	// Err is the cause below, if there is one.
	Err error
}

// Error gives the problem.
func (e *ProtocolError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("hybrid: %s: %v", e.Problem, e.Err)
	}
	return "hybrid: " + e.Problem
}

// Unwrap returns the cause.
func (e *ProtocolError) Unwrap() error { return e.Err }
