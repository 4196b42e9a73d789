package trace

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/passkeylab/passkeylab/reports"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// minSecret is the shortest text, in bytes, that can be registered: anything shorter would blank out half a report
// and is no secret.
const minSecret = 4

// Redactor scrubs secrets from text. It knows them in two ways: those registered with [Redactor.Add], in all the forms
// in which they travel, and patterns for what is secret by its place (a member named "password", a Cookie header, a
// PEM private key, …). The zero value, and nil, know the patterns only. It is safe for use by several goroutines.
type Redactor struct {
	mu       sync.Mutex
	secrets  map[string]bool   // every registered secret in every form
	replacer *strings.Replacer // made of secrets when it is next needed; nil when secrets were added since
}

// Add registers secrets: passwords, one-time codes and their seeds, session tokens. Each is also recognised JSON-escaped,
// HTML-escaped, URL-encoded, in base64 and hexadecimal, and in the groups in which people are shown codes and seeds.
// Texts shorter than four bytes are ignored.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			if len(form) < minSecret || r.secrets[form] {
				continue
			}
			if r.secrets == nil {
				r.secrets = map[string]bool{}
			}
			r.secrets[form], r.replacer = true, nil
		}
	}
}

// current is the replacer of all secrets, or nil when there are none.
func (r *Redactor) current() *strings.Replacer {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replacer != nil || len(r.secrets) == 0 {
		return r.replacer
	}
	list := slices.Collect(maps.Keys(r.secrets))
	// Of two secrets that begin alike, the replacer must try the longer one first.
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(list))
	for _, secret := range list {
		pairs = append(pairs, secret, Redacted)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r.replacer
}

// forms lists how a secret may look on its way.
func forms(secret string) []string {
	if len(secret) < minSecret {
		return nil
	}
	list := []string{
		secret,
		html.EscapeString(secret),
		url.QueryEscape(secret),
		url.PathEscape(secret),
		hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if quoted, err := json.Marshal(secret); err == nil {
		list = append(list, strings.Trim(string(quoted), `"`))
	}
	for _, size := range []int{3, 4} {
		for _, separator := range []string{" ", "-", "\u00a0", "\u202f"} {
			list = append(list, grouped(secret, size, separator))
		}
	}
	return list
}

// grouped puts a separator after every size bytes, as codes and seeds are shown to people; only plain ASCII is grouped.
func grouped(secret string, size int, separator string) string {
	for _, c := range []byte(secret) {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return strings.Join(slices.Collect(func(yield func(string) bool) {
		for part := range slices.Chunk([]byte(secret), size) {
			if !yield(string(part)) {
				return
			}
		}
	}), separator)
}

// Text returns the text with every secret replaced by [Redacted]. Scrubbing twice changes nothing more.
func (r *Redactor) Text(text string) string {
	if text == "" {
		return ""
	}
	if replacer := r.current(); replacer != nil {
		text = replacer.Replace(text)
	}
	lower := strings.ToLower(text)
	for _, p := range patterns() {
		if p.applies(lower) {
			text = p.expression.ReplaceAllString(text, p.replacement)
		}
	}
	return text
}

// Bytes is Text for bytes that hold text.
func (r *Redactor) Bytes(data []byte) []byte { return []byte(r.Text(string(data))) }

// Run scrubs every text of the run, in place: the last gate before a run is written, when all secrets are known.
// It leaves ids, states, paths and versions alone, since a report without them is of no use; those come from the tool
// itself and never from a page.
func (r *Redactor) Run(run *reports.Run) { r.scrub(reflect.ValueOf(run).Elem()) }

// Result is Run for one result.
func (r *Redactor) Result(result *reports.Result) { r.scrub(reflect.ValueOf(result).Elem()) }

// keep names the members that identify things and are made by the tool.
func keep(field string) bool {
	switch field {
	case "ID", "Journey", "State", "Path", "Group", "Driver", "Priority", "Location", "Evidence", "Versions":
		return true
	}
	return false
}

func (r *Redactor) scrub(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(r.Text(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			r.scrub(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.scrub(v.Index(i))
		}
	case reflect.Struct:
		t := v.Type()
		for i := range v.NumField() {
			if t.Field(i).IsExported() && !keep(t.Field(i).Name) {
				r.scrub(v.Field(i))
			}
		}
	}
}
