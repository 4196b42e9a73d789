package web

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// WellKnown is what the documents below /.well-known tell the programs that fetch them. The zero value names no app.
type WellKnown struct {
	// PRFUsage is the path of a page that says what the site encrypts with secrets of passkeys (the prf extension);
	// empty while it encrypts nothing.
	PRFUsage string
	// Android and Apple are the organisation's apps, which may use and make passkeys of this site.
	Android []AndroidApp
	Apple   []AppleApp
}

// AndroidApp names an app by its package, such as "example.larkspur.id", and the SHA-256 hashes of the certificates that
// it is signed with (Digital Asset Links, android_app).
type AndroidApp struct {
	Package      string
	Certificates [][32]byte
}

// AppleApp names an app by its application identifier prefix and its bundle identifier: "A1B2C3D4E5.example.larkspur.id".
type AppleApp string

var (
	androidPackage = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	appleApp       = regexp.MustCompile(`^[A-Z0-9]{10}\.[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)
)

// validate reports every mistake: a document with one would be ignored by those who fetch it, and say so nowhere.
func (k WellKnown) validate() error {
	var errs []error
	if k.PRFUsage != localPath(k.PRFUsage, "") {
		errs = append(errs, fmt.Errorf("web: WellKnown.PRFUsage is %q; it must be a path of this site, such as /help/faq", k.PRFUsage))
	}
	for _, app := range k.Android {
		if !androidPackage.MatchString(app.Package) {
			errs = append(errs, fmt.Errorf("web: %q is no Android package name; it must look like example.larkspur.id", app.Package))
		}
		if len(app.Certificates) == 0 {
			errs = append(errs, fmt.Errorf("web: Android app %s has no certificate; without one any app of that name would do", app.Package))
		}
	}
	for _, app := range k.Apple {
		if !appleApp.MatchString(string(app)) {
			errs = append(errs, fmt.Errorf("web: %q is no Apple app identifier; it must look like A1B2C3D4E5.example.larkspur.id", app))
		}
	}
	return errors.Join(errs...)
}

// publish answers with a document for everybody: programs of other origins fetch it too, and it says the same to all.
// None of these documents may be reached by a redirect.
func (v *visit) publish(document any) error {
	v.w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	return v.writeJSON(http.StatusOK, document)
}

// passkeyEndpoints tells password managers where passkeys are added and managed (W3C Passkey Endpoints §3).
func (s *Server) passkeyEndpoints(v *visit) error {
	endpoints := map[string]string{"enroll": s.rp.Origin() + pathAdd, "manage": s.rp.Origin() + pathInfo}
	if s.known.PRFUsage != "" {
		endpoints["prfUsageDetails"] = s.rp.Origin() + s.known.PRFUsage
	}
	return v.publish(endpoints)
}

// relatedOrigins tells browsers which origins may use passkeys of this RP ID (WebAuthn L3 §5.11): those that the relying
// party accepts in client data.
func (s *Server) relatedOrigins(v *visit) error {
	return v.publish(map[string][]string{"origins": s.rp.Origins()})
}

// assetLink is one statement of Digital Asset Links.
type assetLink struct {
	Relation []string    `json:"relation"`
	Target   assetTarget `json:"target"`
}

type assetTarget struct {
	Namespace    string   `json:"namespace"`
	Package      string   `json:"package_name"`
	Certificates []string `json:"sha256_cert_fingerprints"`
}

// assetLinks tells Android which apps share this site's credentials and open its links.
func (s *Server) assetLinks(v *visit) error {
	links := []assetLink{}
	for _, app := range s.known.Android {
		target := assetTarget{Namespace: "android_app", Package: app.Package}
		for _, sum := range app.Certificates {
			target.Certificates = append(target.Certificates, fingerprint(sum))
		}
		links = append(links, assetLink{[]string{"delegate_permission/common.get_login_creds", "delegate_permission/common.handle_all_urls"}, target})
	}
	return v.publish(links)
}

// fingerprint writes a hash as Android does: upper-case hexadecimal pairs with colons between them.
func fingerprint(sum [32]byte) string {
	pairs := make([]string, len(sum))
	for i := range sum {
		pairs[i] = strings.ToUpper(hex.EncodeToString(sum[i : i+1]))
	}
	return strings.Join(pairs, ":")
}

// appleSite tells iOS and macOS which apps may use this site's passkeys (the service webcredentials of Associated Domains).
func (s *Server) appleSite(v *visit) error {
	apps := append([]AppleApp{}, s.known.Apple...)
	return v.publish(map[string]any{"webcredentials": map[string]any{"apps": apps}})
}
