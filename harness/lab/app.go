package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/web"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file is the organisation's app: how it is signed, and how the one on a phone reaches the relying party.

// appCertificate stands for the hash of the certificate that Larkspur ID for Android is signed with.
func appCertificate() [32]byte { return sha256.Sum256([]byte("Larkspur ID for Android")) }

// ourApps are the organisation's apps as the relying party knows them.
func ourApps() rp.Apps { return rp.Apps{Android: [][32]byte{appCertificate()}, Apple: true} }

// appsPublished are the same apps as the site publishes them.
func appsPublished() web.WellKnown {
	return web.WellKnown{
		Android: []web.AndroidApp{{Package: "example.larkspur.id", Certificates: [][32]byte{appCertificate()}}},
		Apple:   []web.AppleApp{"A1B2C3D4E5.example.larkspur.id"},
	}
}

// PhoneWithApp returns a phone on which the organisation's app can be opened (phone.OpenApp): it reaches the stage's relying party
// as an app does, over HTTP. It needs neither browser nor hybrid.
func (s *Stage) PhoneWithApp(settings phone.Settings) (*phone.Phone, error) {
	it, err := phone.New(settings, phone.World{
		Clock: machineClock{}, Rand: s.random, Service: s.services(),
		Equip: func(_ string, world *virtualauth.World) { world.Authority = s.authority },
	})
	if err != nil {
		return nil, fmt.Errorf("lab: a phone with the app: %w", err)
	}
	return it, nil
}

// services returns what the apps of one phone talk to: only the organisation's own app has something to talk to.
func (s *Stage) services() func(key string) phone.Service {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, s.reach(address))
	}}
	s.closers = append(s.closers, func() error { transport.CloseIdleConnections(); return nil })
	ours := map[string]*appService{}
	for _, p := range []provider.Provider{provider.LarkspurIDAndroid(), provider.LarkspurIDIOS()} {
		ours[p.Name] = &appService{stage: s, model: p.Model, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	}
	return func(key string) phone.Service {
		if found := ours[key]; found != nil {
			return found
		}
		return nil
	}
}

// appService is the relying party as the organisation's app on one phone reaches it. It implements phone.Service.
type appService struct {
	stage *Stage
	model virtualauth.Model
	http  *http.Client

	mu    sync.Mutex
	token string
}

// RPID implements phone.Service.
func (a *appService) RPID() string { return a.stage.RPID() }

// call sends a request and reads the answer into a value, unless that is nil. What the relying party refuses is an error in the
// words of package phone.
func (a *appService) call(ctx context.Context, method, path string, body, into any) error {
	encoded, isRaw := body.([]byte)
	if !isRaw && body != nil {
		var err error
		if encoded, err = json.Marshal(body); err != nil {
			return fmt.Errorf("lab: app: %s: %w", path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, a.stage.Origin+"/app/api/v1"+path, bytes.NewReader(encoded))
	if err != nil {
		return fmt.Errorf("lab: app: %s: %w", path, err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	a.mu.Lock()
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	a.mu.Unlock()
	response, err := a.http.Do(request)
	if err != nil {
		return fmt.Errorf("lab: app: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, tapLimit))
	if err != nil {
		return fmt.Errorf("lab: app: %s: %w", path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return refusedApp(response.StatusCode, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// refusedApp is an answer that is a refusal, as an app understands it. A fault of the relying party is no answer.
func refusedApp(status int, answer []byte) error {
	var told struct{ Code, Message string }
	_ = json.Unmarshal(answer, &told)
	switch {
	case told.Code == string(rp.CodeProofStale):
		return phone.ErrProveAgain
	case told.Code == string(rp.CodeSessionExpired):
		return phone.ErrSignInAgain
	case status >= http.StatusInternalServerError || told.Code == "":
		return fmt.Errorf("lab: app: the relying party answered %d", status)
	}
	return &phone.RefusedError{Code: told.Code, Words: told.Message + "."}
}

// SignIn implements phone.Service.
func (a *appService) SignIn(ctx context.Context, login phone.Login) (string, error) {
	var session struct {
		Token string
		User  struct{ DisplayName string }
	}
	err := a.call(ctx, http.MethodPost, "/sign-in", map[string]string{"userName": login.UserName, "password": login.Password, "code": login.Code}, &session)
	if err != nil {
		return "", err
	}
	a.stage.Trace.Decoder.Redactor.Add(session.Token)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = session.Token
	return session.User.DisplayName, nil
}

// SignOut implements phone.Service.
func (a *appService) SignOut(ctx context.Context) error {
	err := a.call(ctx, http.MethodPost, "/sign-out", nil, nil)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = ""
	return err
}

// Prove implements phone.Service.
func (a *appService) Prove(ctx context.Context, code string) error {
	return a.call(ctx, http.MethodPost, "/proof", map[string]string{"code": code}, nil)
}

// Create implements phone.Service.
func (a *appService) Create(ctx context.Context, in phone.Creation) error {
	system, origin := "android", rp.AndroidOrigin(appCertificate())
	if in.OS == phone.IOS {
		system, origin = "ios", rp.AppleOrigin(a.RPID())
	}
	var asked struct{ PublicKey json.RawMessage }
	if err := a.call(ctx, http.MethodPost, "/passkeys/options", map[string]string{"phone": system}, &asked); err != nil {
		return err
	}
	c := &client.Client{
		Origin: origin, RPIDs: []string{a.RPID()}, Device: in.Device, Attachment: client.Platform, Transports: a.model.Transports,
		Misbehave: client.Misbehaviour{HideAttestation: in.Unattested},
	}
	credential, err := c.Create(ctx, asked.PublicKey)
	if err != nil {
		return fmt.Errorf("lab: app: %w", err)
	}
	return a.call(ctx, http.MethodPost, "/passkeys/verify", credential, nil)
}

// Deleted implements phone.Service.
func (a *appService) Deleted(ctx context.Context, credentialID []byte) error {
	err := a.call(ctx, http.MethodDelete, "/passkeys/"+base64.RawURLEncoding.EncodeToString(credentialID), nil, nil)
	if refused := new(phone.RefusedError); errors.As(err, &refused) && refused.Code == "http.not_found" {
		return nil // it is gone already
	}
	return err
}
