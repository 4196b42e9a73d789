package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Names of the errors that a page can see. TypeError is a JavaScript error, the others are DOMExceptions.
const (
	NotAllowedError   = "NotAllowedError"
	InvalidStateError = "InvalidStateError"
	SecurityError     = "SecurityError"
	NotSupportedError = "NotSupportedError"
	EncodingError     = "EncodingError"
	AbortError        = "AbortError"
	TypeError         = "TypeError"
)

// DOMError is what navigator.credentials would reject with.
type DOMError struct {
	Name    string // "NotAllowedError", …
	Message string // for developers; never more than a page may know
	Cause   error  // what really happened; not for the page
}

// Error is the name and the message, and the cause when there is one.
func (e *DOMError) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("client: %s: %s", e.Name, e.Message)
	}
	return fmt.Sprintf("client: %s: %s (%v)", e.Name, e.Message, e.Cause)
}

// Unwrap returns the cause.
func (e *DOMError) Unwrap() error { return e.Cause }

// fail makes an error that the page may read in full.
func fail(name, format string, args ...any) error {
	return &DOMError{Name: name, Message: fmt.Sprintf(format, args...)}
}

// refused collapses what an authenticator or its connection answered (WebAuthn L3 §5.1.3 step 22, §5.1.4.2; the privacy
// reasons are those of §14.5.1 and §14.5.2).
func refused(ctx context.Context, err error) error {
	switch {
	case errors.Is(context.Cause(ctx), errTimeout):
		return &DOMError{Name: NotAllowedError, Message: "The ceremony took too long or was refused.", Cause: errTimeout}
	case ctx.Err() != nil:
		return &DOMError{Name: AbortError, Message: "The ceremony was aborted.", Cause: context.Cause(ctx)}
	case errors.Is(err, ctap2.CredentialExcluded):
		return &DOMError{Name: InvalidStateError, Message: "The authenticator holds a credential of this account already.", Cause: err}
	}
	return &DOMError{Name: NotAllowedError, Message: "The ceremony took too long or was refused.", Cause: err}
}

// errTimeout is the cause of a context that the options' timeout ended.
var errTimeout = errors.New("the timeout of the options passed")

// errNotSuitable is the cause when the authenticator cannot do what the options require.
var errNotSuitable = errors.New("the authenticator does not fit the options")
