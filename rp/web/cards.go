package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// cardView is one passkey on a page.
type cardView struct {
	Key, Tail, Name                string
	Provider, ProviderKey, Mark    string
	Kind, KindText                 string
	Status                         rp.Status
	Created, CreatedAt             string
	LastUsed, LastUsedAt           string
	Lives                          rp.Lives
	LivesText                      string
	ThisSession, Blocked, Replaced bool
	OldName                        string
	AAGUID, Transports, Attachment string
	Algorithm                      string
	RenameURL, DeleteURL, Summary  string
	Last, LastBlocked              bool
}

// marks are the drawings by provider key; every other provider gets the generic passkey.
var marks = map[string]string{
	"app": "app", "google-password-manager": "google", "samsung-pass": "samsung", "apple-passwords": "apple",
	"icloud-keychain-managed": "apple", "1password": "onepassword", "bitwarden": "bitwarden", "windows-hello": "windows",
	"microsoft-password-manager": "microsoft", "microsoft-authenticator": "microsoft", rp.ProviderSecurityKey: "key",
}

func markOf(providerKey string) string {
	if mark, ok := marks[providerKey]; ok {
		return mark
	}
	return "passkey"
}

// tail is the part of a credential id that pages, logs and support talk about.
func tail(key string) string { return key[max(0, len(key)-8):] }

// algorithms are the COSE algorithms we may store, by number (RFC 9053, RFC 8812).
var algorithms = map[int64]string{-7: "ES256", -8: "EdDSA", -257: "RS256"}

// card prepares one passkey for a page. others is how many other passkeys the user has, methods the ways to sign
// in that need none.
func (v *visit) card(c rp.Card, others int, methods []rp.Method) cardView {
	view := cardView{
		Key: c.Key(), Tail: tail(c.Key()), Name: c.Name,
		Provider: v.providerName(c.Provider, c.SecurityKey), ProviderKey: c.Provider.Key, Mark: markOf(c.Provider.Key),
		Status: c.Status, Lives: c.Lives, Blocked: c.Status == rp.StatusBlocked,
		ThisSession: c.ThisSession, Replaced: c.ReplacedHint, AAGUID: c.AAGUID.String(),
		Transports: strings.Join(c.Transports, ", "), Algorithm: algorithmName(c.Algorithm),
		RenameURL: passkeyPath(c.Key(), "rename"), DeleteURL: passkeyPath(c.Key(), "delete"),
		Last: others == 0, LastBlocked: others == 0 && len(methods) == 0,
	}
	view.Kind, view.KindText = "device", v.tongue.T("info.kind_device")
	if c.SecurityKey {
		view.Kind, view.KindText = "security-key", v.tongue.T("info.kind_key")
	}
	view.LivesText = v.livesText(c.Lives, c.SecurityKey)
	if view.Transports == "" {
		view.Transports = v.tongue.T("info.detail_transports_none")
	}
	switch c.Attachment {
	case "platform":
		view.Attachment = v.tongue.T("info.attachment_platform")
	case "cross-platform":
		view.Attachment = v.tongue.T("info.attachment_cross_platform")
	}
	if c.OldAccountName {
		view.OldName = v.tongue.T("info.old_name", "AccountName", c.AccountName)
	}
	v.addDates(&view, c)
	return view
}

func (v *visit) addDates(view *cardView, c rp.Card) {
	now := v.rp.Now()
	day := func(at time.Time) string {
		return v.tongue.T("date.both", "Date", v.tongue.Date(at), "Ago", v.tongue.Ago(at, now))
	}
	view.Created, view.CreatedAt = day(c.CreatedAt), c.CreatedAt.UTC().Format(time.RFC3339)
	view.LastUsed = v.tongue.T("info.never_used")
	used := view.LastUsed
	if !c.LastUsedAt.IsZero() {
		view.LastUsedAt = c.LastUsedAt.UTC().Format(time.RFC3339)
		view.LastUsed = day(c.LastUsedAt)
		used = v.tongue.T("delete.used", "When", view.LastUsed)
		if c.LastUsedClient != "" {
			view.LastUsed = v.tongue.T("info.used_with", "When", view.LastUsed, "Client", c.LastUsedClient)
		}
	}
	view.Summary = v.tongue.T("delete.facts", "Provider", view.Provider, "Created", view.Created, "LastUsed", used)
}

func algorithmName(number int64) string {
	if name, ok := algorithms[number]; ok {
		return name
	}
	return fmt.Sprint(number)
}

func (v *visit) livesText(lives rp.Lives, securityKey bool) string {
	switch {
	case lives == rp.LivesSynced:
		return v.tongue.T("info.lives_synced")
	case lives == rp.LivesCanSync:
		return v.tongue.T("info.lives_syncable")
	case securityKey:
		return v.tongue.T("info.lives_key")
	default:
		return v.tongue.T("info.lives_device")
	}
}

// providerName is the name as people know it, or what to say without one.
func (v *visit) providerName(p rp.Provider, securityKey bool) string {
	switch {
	case p.Name != "":
		return p.Name
	case securityKey || p.Key == rp.ProviderSecurityKey:
		return v.tongue.T("info.kind_key")
	default:
		return v.tongue.T("info.provider_unknown")
	}
}

// securityInfoPage is the data of security-info.html.
type securityInfoPage struct {
	base
	Cards           []cardView
	Failed, AtLimit bool
	Limit           int
	// Closed tells why this person can add nothing, "" when they can, or have as many as they may.
	Closed    string
	Others    []otherView
	Reminder  *reminderView
	Removal   *removalView
	OfferHere bool
	// Accepted is the argument of signalAllAcceptedCredentials as JSON, "" when the list is not surely complete.
	Accepted string
	// Details is the argument of signalCurrentUserDetails as JSON: the account may have been renamed since the last visit.
	Details string
	// Focus, OpenDialog and OpenCard tell the script what to do on arrival.
	Focus, OpenDialog, OpenCard string
}

type otherView struct {
	Key, Icon, Name, Note string
	Set                   bool
	// Change is where the method is changed, "" for one that cannot be; ChangeText names the link.
	Change, ChangeText string
	// Delete is where the method is deleted, "" for one that cannot be; DeleteText names the button.
	Delete, DeleteText string
}

// reminderView is a passkey left on a device by a refused try; removalView one left there by deleting it here.
type reminderView struct {
	Key, Title, Dismiss string
	Steps               []string
}

type removalView struct {
	Key, Title, Body string
	Steps            []string
}

// securityInfo is S0. When the list cannot be read the page still stands, without a way to add and without any
// signal: a shorter list would make devices hide good passkeys.
func (s *Server) securityInfo(v *visit) error {
	page := securityInfoPage{base: v.frame(rp.S0, v.tongue.T("info.title")), Limit: s.rp.Policy().Limit()}
	page.Section = "info"
	if prompt, err := s.rp.Prompt(v.ctx(), v.sid); err == nil && prompt != nil {
		return v.redirect(pathPrompt)
	}
	info, err := s.rp.SecurityInfo(v.ctx(), v.sid)
	if err != nil {
		if rp.AsRefusal(err) != nil {
			return err
		}
		v.log.ErrorContext(v.ctx(), "list not loaded", "id", rp.RequestID(v.ctx()), "error", err)
		page.Failed = true
		page.Others = v.others(v.user.HasPassword, v.user.HasCode)
		return v.show(http.StatusServiceUnavailable, "security-info", page)
	}
	f := v.takeFlash()
	page.Toast, page.Focus, page.OfferHere = f.Toast, f.Focus, f.OfferHere
	page.Limit = info.Limit
	page.AtLimit = info.AddRefused != nil && info.AddRefused.Code == rp.CodeLimitReached
	if info.AddRefused != nil && !page.AtLimit {
		page.Closed = v.tongue.T(rowReasons[info.AddRefused.Code])
	}
	for _, card := range info.Cards {
		page.Cards = append(page.Cards, v.card(card, len(info.Cards)-1, info.OtherMethods))
	}
	slices.SortStableFunc(page.Cards, func(a, b cardView) int { return strings.Compare(a.Kind, b.Kind) })
	page.Others = v.others(slices.Contains(info.OtherMethods, rp.MethodPassword), slices.Contains(info.OtherMethods, rp.MethodCode))
	page.Others = append(page.Others, v.passEntry(info.Pass)...)
	page.Reminder = v.reminder(info.Reminder)
	page.Removal = v.removal(f)
	if page.Accepted, err = v.accepted(); err != nil {
		return err
	}
	if page.Details, err = v.details(); err != nil {
		return err
	}
	query := v.r.URL.Query()
	if key := query.Get("delete"); key != "" {
		page.OpenDialog, page.OpenCard = "delete", tail(key)
	}
	return v.show(http.StatusOK, "security-info", page)
}

// accepted encodes the full list to signal.
func (v *visit) accepted() (string, error) {
	list, err := v.rp.Accepted(v.ctx(), v.sid)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(list)
	return string(encoded), err
}

// details encodes what the account is called now, to signal.
func (v *visit) details() (string, error) {
	details, err := v.rp.UserDetails(v.ctx(), v.sid)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(details)
	return string(encoded), err
}

func (v *visit) others(password, code bool) []otherView {
	var all []otherView
	if password {
		all = append(all, otherView{Key: "password", Icon: "password", Name: v.tongue.T("info.password"), Note: v.tongue.T("info.password_note"), Set: true,
			Change: pathPassword, ChangeText: v.tongue.T("info.password_change")})
	}
	if code {
		all = append(all, otherView{Key: "one-time-code", Icon: "code", Name: v.tongue.T("info.totp"), Note: v.tongue.T("info.totp_note"), Set: true})
	}
	return all
}

func (v *visit) reminder(try *rp.RefusedTry) *reminderView {
	if try == nil {
		return nil
	}
	view := &reminderView{Key: try.Provider.Key, Title: v.tongue.T("info.reminder_title_unknown"),
		Dismiss: fmt.Sprintf("%s/reminders/%d/dismiss", pathInfo, try.ID), Steps: v.removalSteps(try.Provider.Steps)}
	if try.Provider.Name != "" {
		view.Title = v.tongue.T("info.reminder_title", "Provider", try.Provider.Name)
	}
	return view
}

func (v *visit) removal(f flash) *removalView {
	if f.Removal == "" {
		return nil
	}
	view := &removalView{Key: f.Removal, Title: v.tongue.T("info.removal_title"), Body: v.tongue.T("info.removal_body_unknown"), Steps: v.removalSteps(f.RemovalSteps)}
	if f.RemovalName != "" {
		view.Body = v.tongue.T("info.removal_body", "Provider", f.RemovalName)
	}
	return view
}
