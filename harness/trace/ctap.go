package trace

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

// Transport is a ctap2.Transport that records the messages passing through it.
type Transport struct {
	Inner interface {
		Exchange(ctx context.Context, request []byte) ([]byte, error)
	}
	Recorder *Recorder
	Now      func() time.Time // Now gives the times of the messages.
}

// Exchange passes the request on and records it and what came back.
func (t Transport) Exchange(ctx context.Context, request []byte) ([]byte, error) {
	t.Recorder.Exchange(CTAPRequest(t.Now(), request))
	response, err := t.Inner.Exchange(ctx, request)
	e := CTAPResponseTo(t.Now(), request, response)
	if err != nil {
		e = reports.Exchange{At: e.At, Layer: "ctap2", Direction: "response", Title: "no response: " + err.Error()}
	}
	t.Recorder.Exchange(e)
	return response, err
}

// CTAPRequest describes a CTAP2 request: a command byte and, for most commands, a CBOR map (CTAP 2.3 §6), whose members are
// named. PINs, tokens and other secrets in it are left out.
func CTAPRequest(at time.Time, message []byte) reports.Exchange {
	var s *shape
	if len(message) > 0 {
		s = exchanges[message[0]].request
	}
	return ctap(reports.Exchange{At: at, Direction: "request"}, message, commandName, s)
}

// CTAPResponseTo describes the response to a request: a status byte and, on success, mostly a CBOR map (CTAP 2.3 §6), whose
// members are named by the request's command. Tokens and other secrets in it are left out.
func CTAPResponseTo(at time.Time, request, message []byte) reports.Exchange {
	var s *shape
	if len(request) > 0 {
		s = exchanges[request[0]].response
	}
	return ctap(reports.Exchange{At: at, Direction: "response"}, message, statusName, s)
}

// CTAPResponse describes a response to an unknown request. No member of it is named, and no secret recognised.
func CTAPResponse(at time.Time, message []byte) reports.Exchange {
	return CTAPResponseTo(at, nil, message)
}

func ctap(e reports.Exchange, message []byte, name func(byte) string, s *shape) reports.Exchange {
	e.Layer, e.Length = "ctap2", len(message)
	if len(message) == 0 {
		e.Title = "empty message"
		return e
	}
	e.Title = name(message[0])
	if len(message) > 1 {
		e.Text = wrapped(annotated(message[1:], s))
	}
	if s == nil || !s.hidden && !strings.Contains(e.Text, Redacted) {
		e.Hex = hexOf(message)
	}
	return e
}

// wrapped breaks diagnostic notation after each member of the outermost map, for reading.
func wrapped(text string) string {
	var b strings.Builder
	depth, quoted := 0, rune(0)
	for i, c := range text {
		switch {
		case quoted != 0:
			if c == quoted && text[i-1] != '\\' {
				quoted = 0
			}
		case c == '"', c == '\'':
			quoted = c
		case c == '{', c == '[', c == '(':
			depth++
		case c == '}', c == ']', c == ')':
			depth--
		}
		b.WriteRune(c)
		if c == ',' && depth == 1 && quoted == 0 {
			b.WriteString("\n")
		}
	}
	return strings.ReplaceAll(b.String(), "\n ", "\n  ")
}

// commandName is a command by name (CTAP 2.3 §6).
func commandName(b byte) string {
	names := map[byte]string{
		0x01: "authenticatorMakeCredential", 0x02: "authenticatorGetAssertion", 0x04: "authenticatorGetInfo",
		0x06: "authenticatorClientPIN", 0x07: "authenticatorReset", 0x08: "authenticatorGetNextAssertion",
		0x09: "authenticatorBioEnrollment", 0x0a: "authenticatorCredentialManagement", 0x0b: "authenticatorSelection",
		0x0c: "authenticatorLargeBlobs", 0x0d: "authenticatorConfig",
	}
	return firstOf(names[b], fmt.Sprintf("command 0x%02x", b))
}

// statusName is a status by name (CTAP 2.3 §8.2); those without a name stay numbers.
func statusName(b byte) string {
	names := map[byte]string{
		0x00: "CTAP2_OK", 0x01: "CTAP1_ERR_INVALID_COMMAND", 0x02: "CTAP1_ERR_INVALID_PARAMETER",
		0x03: "CTAP1_ERR_INVALID_LENGTH", 0x04: "CTAP1_ERR_INVALID_SEQ", 0x0a: "CTAP1_ERR_LOCK_REQUIRED",
		0x0b: "CTAP1_ERR_INVALID_CHANNEL", 0x05: "CTAP1_ERR_TIMEOUT", 0x06: "CTAP1_ERR_CHANNEL_BUSY",
		0x11: "CTAP2_ERR_CBOR_UNEXPECTED_TYPE", 0x12: "CTAP2_ERR_INVALID_CBOR", 0x14: "CTAP2_ERR_MISSING_PARAMETER",
		0x15: "CTAP2_ERR_LIMIT_EXCEEDED", 0x17: "CTAP2_ERR_FP_DATABASE_FULL", 0x18: "CTAP2_ERR_LARGE_BLOB_STORAGE_FULL",
		0x25: "CTAP2_ERR_NO_OPERATIONS", 0x19: "CTAP2_ERR_CREDENTIAL_EXCLUDED", 0x21: "CTAP2_ERR_PROCESSING",
		0x22: "CTAP2_ERR_INVALID_CREDENTIAL", 0x23: "CTAP2_ERR_USER_ACTION_PENDING", 0x24: "CTAP2_ERR_OPERATION_PENDING",
		0x26: "CTAP2_ERR_UNSUPPORTED_ALGORITHM", 0x27: "CTAP2_ERR_OPERATION_DENIED", 0x28: "CTAP2_ERR_KEY_STORE_FULL",
		0x2b: "CTAP2_ERR_UNSUPPORTED_OPTION", 0x2c: "CTAP2_ERR_INVALID_OPTION", 0x2d: "CTAP2_ERR_KEEPALIVE_CANCEL",
		0x2e: "CTAP2_ERR_NO_CREDENTIALS", 0x2f: "CTAP2_ERR_USER_ACTION_TIMEOUT", 0x30: "CTAP2_ERR_NOT_ALLOWED",
		0x31: "CTAP2_ERR_PIN_INVALID", 0x32: "CTAP2_ERR_PIN_BLOCKED", 0x33: "CTAP2_ERR_PIN_AUTH_INVALID",
		0x34: "CTAP2_ERR_PIN_AUTH_BLOCKED", 0x35: "CTAP2_ERR_PIN_NOT_SET", 0x36: "CTAP2_ERR_PUAT_REQUIRED",
		0x37: "CTAP2_ERR_PIN_POLICY_VIOLATION", 0x39: "CTAP2_ERR_REQUEST_TOO_LARGE", 0x3a: "CTAP2_ERR_ACTION_TIMEOUT",
		0x3b: "CTAP2_ERR_UP_REQUIRED", 0x3c: "CTAP2_ERR_UV_BLOCKED", 0x3d: "CTAP2_ERR_INTEGRITY_FAILURE",
		0x3e: "CTAP2_ERR_INVALID_SUBCOMMAND", 0x3f: "CTAP2_ERR_UV_INVALID", 0x40: "CTAP2_ERR_UNAUTHORIZED_PERMISSION",
		0x7f: "CTAP1_ERR_OTHER",
	}
	return firstOf(names[b], fmt.Sprintf("status 0x%02x", b))
}
