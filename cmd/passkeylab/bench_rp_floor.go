package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// floor is the least that a relying party over HTTP can be: two requests, of which one issues options and the other verifies
// the response, with the same libraries as ours. It knows one key, keeps open challenges in memory, and nothing else.
type floor struct {
	*bareVerifier
	open sync.Map // webauthn.SessionData by challenge
}

func newFloor(origin string, publicKey []byte) (http.Handler, error) {
	verifier, err := newBareVerifier(origin, publicKey)
	if err != nil {
		return nil, err
	}
	f := &floor{bareVerifier: verifier}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"POST /sign-in/options": f.options,
		"POST /sign-in/verify":  f.verify,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := handle(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnprocessableEntity)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer) // the client notices what it lacks
		})
	}
	return mux, nil
}

func (f *floor) options(*http.Request) (any, error) {
	options, session, err := f.library.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	f.open.Store(session.Challenge, *session)
	return map[string]any{"publicKey": options.Response}, nil
}

func (f *floor) verify(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(body)
	if err != nil {
		return nil, err
	}
	session, ok := f.open.LoadAndDelete(parsed.Response.CollectedClientData.Challenge)
	if !ok {
		return nil, errors.New("an unknown challenge")
	}
	_, err = f.library.ValidateDiscoverableLogin(func(id, handle []byte) (webauthn.User, error) {
		return bareUser{handle: handle, credentials: []webauthn.Credential{f.credential(id)}}, nil
	}, session.(webauthn.SessionData), parsed)
	return map[string]any{"next": "/"}, err
}
