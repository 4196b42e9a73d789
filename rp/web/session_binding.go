package web

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
)

// bindingCookie ties sign-in ceremonies to this browser before there is a session. It is a cookie of its own and nothing of it
// is kept but its hash in the ceremony, so that asking for options stores one row, whoever asks. It ends with the sign-in.
const bindingCookie = "binding"

// bindingBytes is how long a binding is: 128 bits, which nobody guesses.
const bindingBytes = 16

// binding returns the value that ties sign-in ceremonies to this browser, made on first use.
func (v *visit) binding() (string, error) {
	if known := v.cookie(bindingCookie); len(known) == hex.EncodedLen(bindingBytes) {
		return known, nil
	}
	var b [bindingBytes]byte
	if _, err := io.ReadFull(v.rand, b[:]); err != nil {
		return "", fmt.Errorf("web: make binding: %w", err)
	}
	made := hex.EncodeToString(b[:])
	v.setBinding(http.Cookie{Value: made})
	return made, nil
}

// unbind drops the binding: the browser has a session now.
func (v *visit) unbind() {
	if v.cookie(bindingCookie) != "" {
		v.setBinding(http.Cookie{MaxAge: -1})
	}
}

func (v *visit) setBinding(c http.Cookie) {
	c.Name, c.Path, c.HttpOnly, c.Secure, c.SameSite = v.cookieName(bindingCookie), "/", true, v.secure, http.SameSiteLaxMode
	http.SetCookie(v.w, &c)
}
