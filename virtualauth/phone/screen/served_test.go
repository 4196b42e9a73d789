package screen

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/phone"
)

// still is a clock that stands.
type still struct{}

func (still) Now() time.Time                       { return time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC) }
func (still) After(time.Duration) <-chan time.Time { return nil }

func newPhone(t *testing.T, s phone.Settings) *phone.Phone {
	t.Helper()
	p, err := phone.New(s, phone.World{Clock: still{}, Rand: rand.NewChaCha8([32]byte{1})})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// served serves a phone; what it shows is read by client, which follows redirects as a browser does.
type served struct {
	*testing.T
	phone   *phone.Phone
	handler *Handler
	server  *httptest.Server
	client  *http.Client
}

func serve(t *testing.T, s phone.Settings, edit ...func(*Options)) *served {
	t.Helper()
	p := newPhone(t, s)
	o := Options{Phones: []Handset{{ID: "ada", Phone: p}}}
	for _, e := range edit {
		e(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return &served{T: t, phone: p, handler: h, server: server, client: server.Client()}
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
	path   string // after redirects
}

func (s *served) do(r *http.Request) answer {
	s.Helper()
	response, err := s.client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{response.StatusCode, string(body), response.Header, response.Request.URL.Path}
}

func (s *served) request(method, path string, body io.Reader) *http.Request {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, body)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *served) get(path string) answer {
	s.Helper()
	return s.do(s.request(http.MethodGet, path, nil))
}

// post sends a form as a browser without script does.
func (s *served) post(path string, values url.Values) answer {
	s.Helper()
	r := s.request(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	return s.do(r)
}

// script sends a form as the page's script does.
func (s *served) script(path string, values url.Values) answer {
	s.Helper()
	r := s.request(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return s.do(r)
}

func (s *served) tap(control string) answer {
	s.Helper()
	return s.post("/ada/tap", url.Values{"control": {control}})
}

// picture sends a picture with a form.
func (s *served) picture(content []byte) answer {
	s.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	file, err := w.CreateFormFile("picture", "code.png")
	if err != nil {
		s.Fatal(err)
	}
	_, _ = file.Write(content)
	_ = w.Close()
	r := s.request(http.MethodPost, "/ada/camera", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.do(r)
}

// await waits until the phone shows a screen.
func (s *served) await(want phone.Screen) phone.View {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	v := s.phone.View()
	for v.Screen != want || len(v.Controls) == 0 && want != phone.ScreenHome {
		var err error
		if v, err = s.phone.Await(ctx, v.Revision); err != nil {
			s.Fatalf("the phone shows %s, and never %s", v.Screen, want)
		}
	}
	return v
}

// shows checks that a page shows a screen.
func (s *served) shows(a answer, want phone.Screen) {
	s.Helper()
	if a.status != http.StatusOK || a.path != "/ada/" || !strings.Contains(a.body, fmt.Sprintf(`data-screen="%s"`, want)) {
		s.Errorf("%d at %s, want the screen %s:\n%s", a.status, a.path, want, a.body)
	}
}

// asks lets the browser on the phone ask for a passkey.
func (s *served) asks() (done chan error) {
	yes := true
	body, err := ctap2.Marshal(&ctap2.MakeCredentialRequest{
		ClientDataHash: make([]byte, 32), RP: ctap2.RelyingParty{ID: "larkspur.example", Name: "Larkspur"},
		User:       ctap2.User{ID: []byte("ada"), Name: "ada", DisplayName: "Ada"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: &yes, UserVerification: &yes},
	})
	if err != nil {
		s.Fatal(err)
	}
	done = make(chan error, 1)
	go func() {
		response, err := s.phone.Answer(s.Context(), append([]byte{byte(ctap2.CommandMakeCredential)}, body...))
		if err == nil && ctap2.Status(response[0]) != ctap2.OK {
			err = ctap2.Status(response[0])
		}
		done <- err
	}()
	return done
}
