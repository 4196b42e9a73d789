package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// This file is about a stage at a relying party that runs elsewhere and has
// the same pages. All that is done there goes over those pages.

// goElsewhere puts the stage at the relying party of o.URL.
func (s *Stage) goElsewhere(_ context.Context, o StageOptions) error {
	origin, err := originOf(o.URL)
	if err != nil {
		return err
	}
	s.Origin, s.Clock = origin, WallClock()
	// That relying party remembers earlier runs: what a seed would repeat it has seen before.
	s.random = rand.Reader
	return nil
}

// originOf returns the web origin of an address as browsers write it.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read the relying party's address: %w", err)
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	defaultPort, known := map[string]string{"http": ":80", "https": ":443"}[scheme]
	if !known || host == "" {
		return "", fmt.Errorf("the relying party's address %q is no web address; give one such as http://localhost:8080", address)
	}
	return scheme + "://" + strings.TrimSuffix(host, defaultPort), nil
}

// RPID returns the relying party's id: the host of its origin.
func (s *Stage) RPID() string {
	u, err := url.Parse(s.Origin)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// signUp makes an account over the sign-up pages, as anybody would.
func (s *Stage) signUp(ctx context.Context, userName, displayName string) (Account, error) {
	account := Account{
		UserName:    fmt.Sprintf("%s-%s-%s", userName, s.id, strings.ToLower(rand.Text()[:10])),
		DisplayName: displayName, Password: "correct horse " + rand.Text(),
	}
	s.Trace.Decoder.Redactor.Add(account.Password)
	visitor, err := s.Visitor()
	if err != nil {
		return Account{}, err
	}
	reply, err := visitor.Post(ctx, "/sign-up", url.Values{
		"userName": {account.UserName}, "displayName": {account.DisplayName}, "password": {account.Password},
	})
	if err != nil {
		return Account{}, fmt.Errorf("sign up at %s, which must be running: %w", s.Origin, err)
	}
	secret, err := secretIn(reply.Body)
	if err != nil {
		return Account{}, fmt.Errorf("sign up %s at %s: %w: %s: %w", account.UserName, s.Origin, ErrRefused, reply, err)
	}
	account.TOTPSecret = secret
	s.Trace.Decoder.Redactor.Add(secret)
	code, err := s.CodeFor(ctx, account)
	if err != nil {
		return Account{}, err
	}
	reply, err = visitor.Post(ctx, "/sign-up/code", url.Values{"userName": {account.UserName}, "password": {account.Password}, "code": {code}})
	if err != nil {
		return Account{}, err
	}
	if reply.Status != http.StatusOK || reply.Path != "/security-info" {
		return Account{}, fmt.Errorf("confirm the account of %s with a one-time code: %w: %s", account.UserName, ErrRefused, reply)
	}
	s.sessions[account.UserName] = visitor
	return account, nil
}

// session returns a visitor who is signed in to an account, apart from the
// window and from every other visitor. It is kept for the next time.
func (s *Stage) session(ctx context.Context, account Account) (*Visitor, error) {
	if visitor := s.sessions[account.UserName]; visitor != nil {
		return visitor, nil
	}
	visitor, err := s.Visitor()
	if err != nil {
		return nil, err
	}
	if err := visitor.SignIn(ctx, account); err != nil {
		return nil, err
	}
	s.sessions[account.UserName] = visitor
	return visitor, nil
}

// Passkeys returns an account's passkeys, oldest first: from the store of our
// own relying party, else what the Security info page lists now to a session
// apart from the window's.
func (s *Stage) Passkeys(ctx context.Context, account Account) ([]Passkey, error) {
	if s.RP != nil {
		rows, err := s.RP.Credentials(ctx, account.ID)
		list := make([]Passkey, len(rows))
		for i := range rows {
			list[i] = Passkey{ID: rows[i].ID, Name: rows[i].Name, Row: &rows[i]}
		}
		return list, err
	}
	reply, err := s.securityInfo(ctx, account)
	if err != nil {
		return nil, err
	}
	list, err := passkeysIn(reply.Body)
	if err != nil {
		return nil, fmt.Errorf("lab: list the passkeys of %s: %w", account.UserName, err)
	}
	return list, nil
}

func (s *Stage) securityInfo(ctx context.Context, account Account) (*Reply, error) {
	const path = "/security-info"
	for range 2 {
		visitor, err := s.session(ctx, account)
		if err != nil {
			return nil, err
		}
		reply, err := visitor.Get(ctx, path)
		if err != nil {
			return nil, err
		}
		switch {
		case reply.Status == http.StatusOK && reply.Path == path:
			return reply, nil
		case reply.Path != "/sign-in":
			return nil, fmt.Errorf("lab: open Security info: %w: %s", ErrRefused, reply)
		}
		delete(s.sessions, account.UserName) // that session has ended
	}
	return nil, fmt.Errorf("lab: open Security info as %s: %w", account.UserName, errors.Join(ErrRefused, errors.New("a new session is sent to sign in")))
}
