package orgapp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// apiRoot is where the relying party has the app's API.
const apiRoot = "/app/api/v1"

// answerLimit is how much of an answer is read, in bytes.
const answerLimit = 1 << 20

// Party is a relying party as its app reaches it.
type Party struct {
	// Origin is where it is reached, such as "http://localhost:8080", and RPID what its passkeys are for.
	Origin, RPID string
	// HTTP sends the requests; nil means http.DefaultClient.
	HTTP *http.Client
	// OnToken, if not nil, is told each token that the app signs in with, before it is used: it is a secret.
	OnToken func(token string)
}

// Services returns what the apps of one phone talk to, by the Key of their provider, as phone.World.Service wants it. Nothing
// but the organisation's own app has something to talk to.
func (p Party) Services() func(key string) phone.Service {
	ours := map[string]*service{}
	for _, app := range Providers() {
		for _, profile := range []phone.Profile{phone.Personal, phone.Work} { // each profile has an app of its own, and signs in by itself
			installed := phone.Provider{Provider: app, Profile: profile}
			ours[installed.Key()] = &service{party: p, model: app.Model}
		}
	}
	return func(key string) phone.Service {
		if found := ours[key]; found != nil {
			return found
		}
		return nil
	}
}

// service is the relying party as the app on one phone reaches it. It implements phone.Service.
type service struct {
	party Party
	model virtualauth.Model

	mu    sync.Mutex
	token string
}

// RPID implements phone.Service.
func (s *service) RPID() string { return s.party.RPID }

// SignIn implements phone.Service.
func (s *service) SignIn(ctx context.Context, login phone.Login) (string, error) {
	var session struct {
		Token string
		User  struct{ DisplayName string }
	}
	err := s.call(ctx, http.MethodPost, "/sign-in", map[string]string{"userName": login.UserName, "password": login.Password, "code": login.Code}, &session)
	if err != nil {
		return "", err
	}
	if s.party.OnToken != nil {
		s.party.OnToken(session.Token)
	}
	s.setToken(session.Token)
	return session.User.DisplayName, nil
}

// SignOut implements phone.Service.
func (s *service) SignOut(ctx context.Context) error {
	defer s.setToken("")
	return s.call(ctx, http.MethodPost, "/sign-out", nil, nil)
}

// Prove implements phone.Service.
func (s *service) Prove(ctx context.Context, code string) error {
	return s.call(ctx, http.MethodPost, "/proof", map[string]string{"code": code}, nil)
}

// Create implements phone.Service.
func (s *service) Create(ctx context.Context, in phone.Creation) error {
	system, origin := "android", rp.AndroidOrigin(certificate())
	if in.OS == phone.IOS {
		system, origin = "ios", rp.AppleOrigin(s.RPID())
	}
	var asked struct{ PublicKey json.RawMessage }
	if err := s.call(ctx, http.MethodPost, "/passkeys/options", map[string]string{"phone": system}, &asked); err != nil {
		return err
	}
	c := &client.Client{
		Origin: origin, RPIDs: []string{s.RPID()}, Device: in.Device, Attachment: client.Platform, Transports: s.model.Transports,
		Misbehave: client.Misbehaviour{HideAttestation: in.Unattested},
	}
	credential, err := c.Create(ctx, asked.PublicKey)
	if err != nil {
		return fmt.Errorf("the app: %w", err)
	}
	return s.call(ctx, http.MethodPost, "/passkeys/verify", credential, nil)
}

// Deleted implements phone.Service.
func (s *service) Deleted(ctx context.Context, credentialID []byte) error {
	err := s.call(ctx, http.MethodDelete, "/passkeys/"+base64.RawURLEncoding.EncodeToString(credentialID), nil, nil)
	if refused := new(phone.RefusedError); errors.As(err, &refused) && refused.Code == "http.not_found" {
		return nil // it is gone already
	}
	return err
}

func (s *service) setToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
}

// call sends a request and reads the answer into a value, unless that is nil. What the relying party refuses is an error in the
// words of package phone.
func (s *service) call(ctx context.Context, method, path string, body, into any) error {
	s.mu.Lock()
	token := s.token
	s.mu.Unlock()
	status, answer, err := s.party.send(ctx, request{method: method, path: apiRoot + path, body: body, token: token})
	if err != nil {
		return fmt.Errorf("the app: %s: %w", path, err)
	}
	if status >= http.StatusBadRequest {
		return refused(status, answer)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the app: %s: %w", path, err)
	}
	return nil
}

// refused is an answer that is a refusal, as an app understands it. A fault of the relying party is no answer.
func refused(status int, answer []byte) error {
	var told struct{ Code, Message string }
	_ = json.Unmarshal(answer, &told)
	switch {
	case told.Code == string(rp.CodeProofStale):
		return phone.ErrProveAgain
	case told.Code == string(rp.CodeSessionExpired):
		return phone.ErrSignInAgain
	case status >= http.StatusInternalServerError || told.Code == "":
		return fmt.Errorf("the app: the relying party answered %d", status)
	}
	return &phone.RefusedError{Code: told.Code, Words: told.Message + "."}
}

// request is one of the app's.
type request struct {
	method, path string
	body         any    // JSON, or what becomes JSON; nil for none
	token        string // "" before sign-in
}

// send sends a request and returns the answer whatever its status is.
func (p Party) send(ctx context.Context, r request) (status int, answer []byte, err error) {
	encoded, isRaw := r.body.([]byte)
	if !isRaw && r.body != nil {
		if encoded, err = json.Marshal(r.body); err != nil {
			return 0, nil, err
		}
	}
	out, err := http.NewRequestWithContext(ctx, r.method, p.Origin+r.path, bytes.NewReader(encoded))
	if err != nil {
		return 0, nil, err
	}
	if r.body != nil {
		out.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		out.Header.Set("Authorization", "Bearer "+r.token)
	}
	sender := p.HTTP
	if sender == nil {
		sender = http.DefaultClient
	}
	response, err := sender.Do(out)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, answerLimit))
	return response.StatusCode, answer, err
}
