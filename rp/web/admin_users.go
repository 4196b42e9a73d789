package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/passkeylab/passkeylab/rp"
)

// graphUser is a user resource. Groups stand in it directly: this relying party has no directory.
type graphUser struct {
	ID       string   `json:"id"`
	UserName string   `json:"userPrincipalName"`
	Name     string   `json:"displayName"`
	UserType string   `json:"userType"`
	MemberOf []string `json:"memberOf"`
}

const (
	userTypeMember = "Member"
	userTypeGuest  = "Guest"
)

func graphUserOf(user *rp.User) graphUser {
	view := graphUser{ID: user.ID, UserName: user.UserName, Name: user.DisplayName, UserType: userTypeMember, MemberOf: user.Groups}
	if user.Guest {
		view.UserType = userTypeGuest
	}
	if view.MemberOf == nil {
		view.MemberOf = []string{}
	}
	return view
}

// top reads $top: how many items are wanted.
func (v *visit) top(usual, most int) int {
	n, err := strconv.Atoi(v.r.URL.Query().Get("$top"))
	if err != nil || n < 1 {
		return usual
	}
	return min(n, most)
}

func (s *Server) adminListUsers(v *visit) error {
	users, err := s.rp.Users(v.ctx(), v.r.URL.Query().Get("$skiptoken"), v.top(100, 999))
	if err != nil {
		return err
	}
	list := make([]graphUser, len(users))
	for i := range users {
		list[i] = graphUserOf(&users[i])
	}
	return v.writeGraphList("users", list)
}

func (s *Server) adminGetUser(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	return v.writeGraph(http.StatusOK, "users/$entity", graphUserOf(user))
}

// adminChangeUser changes what the policy asks about a person: their groups, whether they are a guest.
func (s *Server) adminChangeUser(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	var change struct {
		UserType *string   `json:"userType"`
		MemberOf *[]string `json:"memberOf"`
	}
	if err := v.readGraph(&change); err != nil {
		return err
	}
	now := rp.Membership{Groups: user.Groups, Guest: user.Guest}
	if change.UserType != nil {
		if *change.UserType != userTypeMember && *change.UserType != userTypeGuest {
			return &rp.FieldError{Field: "userType", Problem: rp.ProblemInvalid}
		}
		now.Guest = *change.UserType == userTypeGuest
	}
	if change.MemberOf != nil {
		now.Groups = *change.MemberOf
	}
	if slices.Contains(now.Groups, "") {
		return &rp.FieldError{Field: "memberOf", Problem: rp.ProblemEmpty}
	}
	if err := s.rp.SetMembership(v.ctx(), user.ID, now); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

// graphPasskey is a fido2AuthenticationMethod resource.
type graphPasskey struct {
	ID           string     `json:"id"`
	Name         string     `json:"displayName"`
	Created      time.Time  `json:"createdDateTime"`
	LastUsed     *time.Time `json:"lastUsedDateTime"`
	AAGUID       string     `json:"aaGuid"`
	Model        string     `json:"model"`
	Certificates []string   `json:"attestationCertificates"`
	Level        string     `json:"attestationLevel"`
	PasskeyType  string     `json:"passkeyType"`
}

func (v *visit) graphPasskeyOf(c *rp.Credential) graphPasskey {
	view := graphPasskey{ID: c.Key(), Name: c.Name, Created: c.CreatedAt, AAGUID: c.AAGUID.String(), Model: v.rp.Provider(c.AAGUID).Name,
		Certificates: c.AttestationCertificates, Level: "notAttested", PasskeyType: "deviceBound"}
	if !c.LastUsedAt.IsZero() {
		view.LastUsed = &c.LastUsedAt
	}
	if c.Attested {
		view.Level = "attested"
	}
	if c.BackupEligible {
		view.PasskeyType = "synced"
	}
	if view.Certificates == nil {
		view.Certificates = []string{}
	}
	return view
}

const passkeysName = "users/authentication/fido2Methods"

func (s *Server) adminListPasskeys(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	credentials, err := s.rp.Credentials(v.ctx(), user.ID)
	if err != nil {
		return err
	}
	list := make([]graphPasskey, len(credentials))
	for i := range credentials {
		list[i] = v.graphPasskeyOf(&credentials[i])
	}
	return v.writeGraphList(passkeysName, list)
}

func (s *Server) adminGetPasskey(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	credentials, err := s.rp.Credentials(v.ctx(), user.ID)
	if err != nil {
		return err
	}
	for i := range credentials {
		if credentials[i].Key() == v.r.PathValue("key") {
			return v.writeGraph(http.StatusOK, passkeysName+"/$entity", v.graphPasskeyOf(&credentials[i]))
		}
	}
	return rp.ErrNotFound
}

func (s *Server) adminDeletePasskey(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	if err := s.rp.RemovePasskey(v.ctx(), user.ID, v.r.PathValue("key")); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) adminCreationOptions(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	options, err := s.rp.BeginProvisioning(v.ctx(), user.ID)
	if err != nil {
		return err
	}
	return v.writeGraph(http.StatusOK, "microsoft.graph.webauthnCredentialCreationOptions",
		map[string]any{"challengeTimeoutDateTime": options.ExpiresAt, "publicKey": options.Options})
}

// adminCreatePasskey takes what the authenticator made. Graph's publicKeyCredential has an id and a response only; what
// a RegistrationResponseJSON has besides (WebAuthn L3 §5.1) follows from them.
func (s *Server) adminCreatePasskey(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	var in struct {
		DisplayName string         `json:"displayName"`
		Credential  map[string]any `json:"publicKeyCredential"`
	}
	if err := v.readGraph(&in); err != nil {
		return err
	}
	if in.Credential == nil {
		return badRequest(errors.New("publicKeyCredential is missing"))
	}
	for name, value := range map[string]any{"rawId": in.Credential["id"], "type": "public-key"} {
		if _, given := in.Credential[name]; !given {
			in.Credential[name] = value
		}
	}
	body, err := json.Marshal(in.Credential)
	if err != nil {
		return err
	}
	stored, err := s.rp.FinishProvisioning(v.ctx(), user.ID, in.DisplayName, body)
	if err != nil {
		return err
	}
	return v.writeGraph(http.StatusCreated, passkeysName+"/$entity", v.graphPasskeyOf(stored))
}

// graphPass is a temporaryAccessPassAuthenticationMethod resource. The pass itself is told once, when it is made.
type graphPass struct {
	ID          string       `json:"id"`
	Pass        *string      `json:"temporaryAccessPass"`
	Created     time.Time    `json:"createdDateTime"`
	Starts      time.Time    `json:"startDateTime"`
	Minutes     int          `json:"lifetimeInMinutes"`
	UsableOnce  bool         `json:"isUsableOnce"`
	Usable      bool         `json:"isUsable"`
	UsableState rp.PassState `json:"methodUsabilityReason"`
}

func graphPassOf(pass *rp.Pass) graphPass {
	return graphPass{ID: pass.ID, Created: pass.CreatedAt, Starts: pass.StartsAt, Minutes: int(pass.ExpiresAt.Sub(pass.StartsAt).Minutes()),
		UsableOnce: pass.UsableOnce, Usable: pass.State == rp.PassUsable, UsableState: pass.State}
}

const passesName = "users/authentication/temporaryAccessPassMethods"

func (s *Server) adminListPasses(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	pass, err := s.rp.PassOf(v.ctx(), user.ID)
	if err != nil {
		return err
	}
	list := []graphPass{}
	if pass != nil {
		list = append(list, graphPassOf(pass))
	}
	return v.writeGraphList(passesName, list)
}

func (s *Server) adminIssuePass(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	var want struct {
		Starts  time.Time `json:"startDateTime"`
		Minutes int       `json:"lifetimeInMinutes"`
		Once    bool      `json:"isUsableOnce"`
	}
	if err := v.readGraph(&want); err != nil {
		return err
	}
	text, pass, err := s.rp.IssuePass(v.ctx(), user.ID, rp.PassRequest{
		StartsAt: want.Starts, Lifetime: time.Duration(want.Minutes) * time.Minute, UsableOnce: want.Once,
	})
	if err != nil {
		return err
	}
	view := graphPassOf(pass)
	view.Pass = &text
	return v.writeGraph(http.StatusCreated, passesName+"/$entity", view)
}

func (s *Server) adminDeletePass(v *visit) error {
	user, err := v.adminTarget()
	if err != nil {
		return err
	}
	pass, err := s.rp.PassOf(v.ctx(), user.ID)
	if err != nil {
		return err
	}
	if pass == nil || pass.ID != v.r.PathValue("pass") {
		return rp.ErrNotFound
	}
	if err := s.rp.RevokePass(v.ctx(), user.ID); err != nil {
		return err
	}
	v.w.WriteHeader(http.StatusNoContent)
	return nil
}
