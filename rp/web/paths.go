package web

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

// The addresses that Go code refers to.
const (
	pathSignIn   = "/sign-in"
	pathProblem  = "/sign-in/problem"
	pathSignUp   = "/sign-up"
	pathConfirm  = "/sign-up/code"
	pathInfo     = "/security-info"
	pathAdd      = "/security-info/add"
	pathProve    = "/security-info/prove"
	pathPrompt   = "/security-info/prompt"
	pathPassword = "/security-info/password"
	pathSessions = "/security-info/sessions"
	pathHelp     = "/help/faq"
	pathOutbox   = "/outbox"
	pathTheme    = "/preferences/theme"
)

// runPath returns the address of something below a run.
func runPath(run *rp.Run, word string) string {
	return pathAdd + "/" + url.PathEscape(run.ID) + "/" + word
}

// screenPath returns the address of the screen the run is on.
func screenPath(run *rp.Run) string {
	switch word := run.Screen.Word(); {
	case run.Screen == rp.S1:
		return pathAdd
	case word == "":
		return pathInfo
	default:
		return runPath(run, word)
	}
}

// passkeyPath returns the address of an action on a passkey.
func passkeyPath(key, action string) string {
	return pathInfo + "/passkeys/" + url.PathEscape(key) + "/" + action
}

// provePath returns the address of the proof page that leads back to an address of ours.
func provePath(back string) string { return pathProve + "?" + url.Values{"return": {back}}.Encode() }

// localPath returns path when it is one of our own pages, else the fallback. It keeps a link in a mail from
// leading through our sign-in to somebody else's site.
func localPath(path, fallback string) string {
	u, err := url.Parse(path)
	switch {
	case err != nil, path == "", u.IsAbs(), u.Host != "", !strings.HasPrefix(path, "/"), strings.HasPrefix(path, "//"), strings.ContainsAny(path, "\\\r\n"):
		return fallback
	}
	return path
}

// resultKey is the passkey the run made, as it stands in addresses.
func resultKey(run *rp.Run) string {
	return base64.RawURLEncoding.EncodeToString(run.ResultCredentialID)
}
