package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
)

const (
	// languageCookie keeps the language that somebody chose, by the switch or by ?lng=. It is no secret.
	languageCookie = "language"
	// zoneCookie is the browser's time zone, an IANA name. The script tells it (setZone): no header does.
	zoneCookie = "zone"
	// languageParameter chooses a language in the address.
	languageParameter = "lng"
)

// chooseLanguage picks the language of the answer: that of the person's profile, then the one in the address, which
// also stays, then the one that stayed from before, then what the browser asks for. It is called once without a
// user, so that every error has a language, and again when the user is known.
func (v *visit) chooseLanguage() {
	wishes := make([]string, 0, 4)
	if v.user != nil {
		wishes = append(wishes, v.user.Language)
	}
	wishes = append(wishes, v.r.URL.Query().Get(languageParameter), v.cookie(languageCookie), v.r.Header.Get("Accept-Language"))
	v.tongue = v.texts.speak(wishes...)
	v.tongue.in(v.cookie(zoneCookie))
}

// rememberLanguage keeps the language that the address names.
func (v *visit) rememberLanguage() {
	if tag, ok := v.texts.match(v.r.URL.Query().Get(languageParameter)); ok && tag.String() != v.cookie(languageCookie) {
		v.keep(languageCookie, tag.String())
	}
}

// cookie returns the value of a cookie that the site itself does not need to trust, "" without one.
func (v *visit) cookie(name string) string {
	found, err := v.r.Cookie(v.cookieName(name))
	if err != nil {
		return ""
	}
	return found.Value
}

// keep sets a cookie with a preference for a year; an empty value removes it.
func (v *visit) keep(name, value string) {
	made := http.Cookie{Name: v.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode,
		MaxAge: 365 * 24 * 60 * 60}
	if value == "" {
		made.MaxAge = -1
	}
	http.SetCookie(v.w, &made)
}

// setLanguage keeps the choice of the language switch: in the profile of a person who is signed in, and in the
// browser for the pages before.
func (s *Server) setLanguage(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	tag, ok := s.texts.match(v.r.PostFormValue("language"))
	if !ok {
		return badRequest(nil)
	}
	if v.signedIn() {
		if err := s.rp.SetLanguage(v.ctx(), v.sid, tag.String()); err != nil {
			return err
		}
	}
	v.keep(languageCookie, tag.String())
	return v.redirect(withoutLanguage(localPath(v.r.PostFormValue("return"), pathInfo)))
}

// setZone keeps the browser's time zone. Only the server writes and reads the cookie, so that no script needs cookies.
func (s *Server) setZone(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	zone := v.r.PostFormValue("zone")
	if !v.tongue.in(zone) {
		return badRequest(nil)
	}
	v.keep(zoneCookie, zone)
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// withoutLanguage drops the language from an address, so that it does not overrule a later choice.
func withoutLanguage(address string) string {
	u, err := url.Parse(address)
	if err != nil || !u.Query().Has(languageParameter) {
		return address
	}
	query := u.Query()
	query.Del(languageParameter)
	u.RawQuery = query.Encode()
	return u.RequestURI()
}

// languageView is one entry of the language switch, named in its own language.
type languageView struct {
	Tag, Dir, Name string
	Current        bool
}

func (v *visit) languages() []languageView {
	views := make([]languageView, 0, len(v.texts.tags))
	for _, tag := range v.texts.tags {
		own := v.texts.tongue(tag)
		views = append(views, languageView{Tag: own.Lang(), Dir: own.Dir(), Name: own.T("site.language_name"), Current: own.Lang() == v.tongue.Lang()})
	}
	return views
}

// zeros are the first digits of the scripts that keyboards of our languages type: Arabic, Persian, and the wide
// Latin ones of Japanese.
var zeros = []rune{'\u0660', '\u06f0', '\uff10'}

// typedCode returns the one-time code of the form in the digits that it is checked in.
func (v *visit) typedCode() string {
	return strings.Map(func(r rune) rune {
		for _, zero := range zeros {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return r
	}, v.r.PostFormValue("code"))
}

// nameNew names a new passkey in the person's language. The name is data from then on, so it carries no isolates.
func (v *visit) nameNew(p rp.NewPasskey) string {
	switch {
	case p.Provider == "" && p.SecurityKey:
		return v.tongue.T("info.kind_key")
	case p.Provider == "":
		p.Provider = v.tongue.T("info.provider_unknown")
	}
	key := map[rp.PhoneOS]string{rp.Android: "name.on_android", rp.IOS: "name.on_iphone"}[p.OS]
	if key == "" {
		return p.Provider
	}
	return strings.NewReplacer(isolateStart, "", isolateLTR, "", isolateRTL, "", isolateEnd, "").Replace(v.tongue.T(key, "Provider", p.Provider))
}
