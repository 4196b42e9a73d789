package trace

import (
	"regexp"
	"strings"
	"sync"
)

// pattern recognises what is secret by its place.
type pattern struct {
	needles     []string // one of these, in lower case, is in every text that the expression matches
	expression  *regexp.Regexp
	replacement string
}

// applies says whether it is worth running the expression: looking for a needle is a hundred times faster, and most
// texts have none.
func (p pattern) applies(lower string) bool {
	for _, needle := range p.needles {
		if strings.Contains(lower, needle) {
			return true
		}
	}
	return false
}

// secretName matches names of members, parameters and fields whose value is never shown.
const secretName = `[\w.-]*(?:password|passwd|passphrase|secret|cookie|authorization|private_?key|csrf|one_?time_?code|session_?(?:id|token)|access_?token|refresh_?token)[\w.-]*|otp|totp|pin|new_?pin|current_?pin|sid|session|token`

// codeName matches names whose value is secret only when it looks like a one-time code: "code" alone is also the name of
// a refusal's code.
const codeName = `[\w.-]*code|answer`

// words are the needles of secretName.
func words() []string {
	return []string{"password", "passwd", "passphrase", "secret", "cookie", "authorization", "private", "csrf", "one_time", "onetime", "session", "token", "otp", "pin", "sid"}
}

// patterns are compiled once. Their order matters little: each leaves the marker of the others alone.
var patterns = sync.OnceValue(func() []pattern {
	re := regexp.MustCompile
	list := []pattern{
		// Private keys: PEM, JWK members, the private members of a COSE_Key (RFC 9053 §7.1.1: -4 is d).
		{[]string{"private key"}, re(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)`), Redacted},
		{[]string{`"d"`, `"p"`, `"q"`, `"dp"`, `"dq"`, `"qi"`, `"k"`}, re(`("(?:d|p|q|dp|dq|qi|k)"\s*:\s*")[A-Za-z0-9_-]{20,}`), `${1}` + Redacted},
		{[]string{"-4"}, re(`(-4\s*:\s*h')[0-9A-Fa-f]+(')`), `${1}` + Redacted + `${2}`},
		// Headers, as lines and as Go prints a map of them.
		{[]string{"cookie", "authorization", "x-csrf-token"}, re(`(?im)^([ \t]*(?:set-cookie|cookie|authorization|proxy-authorization|x-csrf-token)[ \t]*:[ \t]*)[^\r\n]+`), `${1}` + Redacted},
		{[]string{"cookie:[", "authorization:[", "x-csrf-token:["}, re(`(?i)\b((?:set-)?cookie|(?:proxy-)?authorization|x-csrf-token):\[[^\]]*\]`), `${1}:` + Redacted},
		{[]string{"bearer"}, re(`(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{12,}`), `${1}` + Redacted},
		// JSON members: strings, strings inside a string that is itself JSON, numbers.
		{words(), re(`(?i)("(?:` + secretName + `)"\s*:\s*")(?:[^"\\]|\\.)+`), `${1}` + Redacted},
		{words(), re(`(?i)(\\+"(?:` + secretName + `)\\+"\s*:\s*\\+")[^"\\]+`), `${1}` + Redacted},
		{words(), re(`(?i)("(?:` + secretName + `)"\s*:\s*)[0-9][0-9.]*`), `${1}"` + Redacted + `"`},
		{[]string{"code", "answer"}, re(`(?i)(\\*"(?:` + codeName + `)\\*"\s*:\s*\\*")[0-9]{6,8}(\\*")`), `${1}` + Redacted + `${2}`},
		{[]string{"code", "answer"}, re(`(?i)("(?:` + codeName + `)"\s*:\s*)[0-9]{6,8}\b`), `${1}"` + Redacted + `"`},
		// Outputs of the prf extension are key material (WebAuthn L3 §10.1.4).
		{[]string{`"first"`, `"second"`}, re(`("(?:first|second)"\s*:\s*")[A-Za-z0-9_+/=-]{16,}`), `${1}` + Redacted},
		{[]string{`"output1"`, `"output2"`}, re(`("output[12]"\s*:\s*")[A-Za-z0-9_+/=-]{16,}`), `${1}` + Redacted},
		// Large blobs (WebAuthn L3 §10.1.5) and credBlobs (CTAP 2.3 §12.2) are the relying party's own data.
		{[]string{`"largeblob"`}, re(`("largeBlob"\s*:\s*\{[^{}]*"(?:write|blob)"\s*:\s*")[^"\[]+`), `${1}` + Redacted},
		{[]string{`credblob"`}, re(`("(?:credBlob|getCredBlob)"\s*:\s*")[^"\[]+`), `${1}` + Redacted},
		// Forms and queries.
		{words(), re(`(?i)\b(` + secretName + `)=[^&\s"'<>;\[\]]+`), `${1}=` + Redacted},
		{[]string{"code", "answer"}, re(`(?i)\b(` + codeName + `)=[0-9]{6,8}\b`), `${1}=` + Redacted},
		// Filled-in fields in the source of a page, whichever attribute comes first.
		{[]string{"<input"}, re(`(?i)(<input\b[^>]*\b(?:type="password"|name="(?:` + secretName + `|` + codeName + `)")[^>]*\bvalue=")[^"]+`), `${1}` + Redacted},
		{[]string{"<input"}, re(`(?i)(<input\b[^>]*\bvalue=")[^"]+("[^>]*\b(?:type="password"|name="(?:` + secretName + `|` + codeName + `)"))`), `${1}` + Redacted + `${2}`},
		// The QR code of a hybrid transaction has a secret in it (CTAP 2.3 §11.5.1).
		{[]string{"fido:/"}, re(`(?i)(fido:/)[0-9]{17,}`), `${1}` + Redacted},
		// One-time code set-up links, password hashes, signed tokens.
		{[]string{"otpauth:"}, re(`otpauth://[^\s"'<>\[]+(?:\[redacted\][^\s"'<>]*)?`), `otpauth://` + Redacted},
		{[]string{"$argon2"}, re(`\$argon2[a-z]{1,2}\$[^\s"'<>\[]+`), Redacted},
		{[]string{"eyj"}, re(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`), Redacted},
	}
	return list
})
