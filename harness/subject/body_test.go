package subject_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/passkeylab/passkeylab/harness/subject"
)

// echo says how much it was sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	fmt.Fprintf(w, `{"status":"ok","errorMessage":"","got":%d}`, len(body))
}

func TestBodiesMayBeLongOrNeverEnd(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	inside, err := subject.FIDOServer{Base: "http://localhost"}.InProcess(http.HandlerFunc(echo))
	if err != nil {
		t.Fatal(err)
	}
	for name, rp := range map[string]subject.RelyingParty{"over a network": dial(t, subject.FIDOServer{Base: server.URL}), "in process": inside} {
		request := subject.Request{Endpoint: subject.CreationResult, Body: []byte(`{"a":1}`), Spaces: 1 << 20}
		if got := rp.Visit().Do(t.Context(), request); string(got.Members["got"]) != fmt.Sprint(7+1<<20) {
			t.Errorf("%s: %s %s", name, got, got.Body)
		}
		ctx, cancel := context.WithCancel(t.Context())
		request = subject.Request{Endpoint: subject.CreationResult, Body: []byte(`{"a":1}`), Stalls: cancel}
		if got := rp.Visit().Do(ctx, request); got.Outcome != subject.TimedOut || ctx.Err() == nil {
			t.Errorf("%s: %s", name, got)
		}
		cancel()
	}
}
