package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The floor that the relying party is compared with verifies: it takes the right response once, and no other.
func TestFloorTakesARightResponseOnce(t *testing.T) {
	key, err := crowdKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, err := crowdKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://localhost:" + port
	if handler, err = newFloor(origin, key.PublicKey); err != nil {
		t.Fatal(err)
	}
	connections := benchedConnections(1)
	defer connections.CloseIdleConnections()
	visitor := newBenchedVisitor(origin, connections)
	right, err := crowdMember(3).device(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := crowdMember(3).device(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := visitor.signIn(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := visitor.do(t.Context(), "/sign-in/verify", answer.body); err == nil || !strings.Contains(err.Error(), "unknown challenge") {
		t.Errorf("the same response again: %v", err)
	}
	if _, err := visitor.signIn(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "answers 422") {
		t.Errorf("another key: %v", err)
	}
}
