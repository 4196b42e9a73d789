package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/passkeylab/passkeylab/harness/client"
)

// Visitor speaks to the relying party over HTTP without a browser: it keeps
// cookies, fills forms and posts JSON as the page's script would. Each visitor
// is a browser of its own as far as the relying party can tell.
type Visitor struct {
	stage *Stage
	node  *Node // nil: the stage's own
	http  *http.Client
	Run   string // path of the wizard run, "/security-info/add/…", once there is one
	// Language is a BCP 47 tag that the visitor's browser asks for, or nothing. It is that of the stage's window at first.
	Language string
	Phone    string // "Android" or "iOS" when the visitor's browser runs on a phone, as client hints tell
}

// Reply is one answer of the relying party.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	Path   string // of the page at the end of redirects
}

// Code returns the refusal's code in a JSON answer, or nothing.
func (r *Reply) Code() string {
	var refusal struct{ Code string }
	_ = json.Unmarshal(r.Body, &refusal)
	return refusal.Code
}

// String says what came back, for failure messages.
func (r *Reply) String() string {
	return fmt.Sprintf("%d %s at %s", r.Status, r.Code(), r.Path)
}

// Visitor returns a visitor without any cookie yet.
func (s *Stage) Visitor() (*Visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("lab: visitor: %w", err)
	}
	v := &Visitor{stage: s, Language: s.language}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			address = s.reach(address)
			if v.node != nil {
				address = v.node.site.listener.Addr().String()
			}
			return dialer.DialContext(ctx, network, address)
		},
	}
	s.closers = append(s.closers, func() error { transport.CloseIdleConnections(); return nil })
	v.http = &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}
	return v, nil
}

// Through sends the visitor's requests to a node from now on; nil is the stage's own.
func (v *Visitor) Through(node *Node) {
	v.node = node
	v.http.CloseIdleConnections()
}

// reach is where an address of the site is listened on: not every resolver
// knows *.localhost.
func (s *Stage) reach(address string) string {
	if s.site != nil {
		return s.site.listener.Addr().String()
	}
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".localhost") {
		return net.JoinHostPort("localhost", port)
	}
	return address
}

// Do sends a request as it is; the path is completed by the origin.
func (v *Visitor) Do(ctx context.Context, method, path string, header http.Header, body []byte) (*Reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.stage.Origin+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("lab: %s %s: %w", method, path, err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if v.Language != "" && request.Header.Get("Accept-Language") == "" {
		request.Header.Set("Accept-Language", v.Language)
	}
	if v.Phone != "" {
		request.Header.Set("Sec-CH-UA-Platform", `"`+v.Phone+`"`)
		request.Header.Set("Sec-CH-UA-Mobile", "?1")
	}
	response, err := v.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("lab: %s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return nil, fmt.Errorf("lab: %s %s: %w", method, path, err)
	}
	return &Reply{Status: response.StatusCode, Header: response.Header, Body: data, Path: response.Request.URL.Path}, nil
}

// Get fetches a page.
func (v *Visitor) Get(ctx context.Context, path string) (*Reply, error) {
	return v.Do(ctx, http.MethodGet, path, nil, nil)
}

// Post sends a form.
func (v *Visitor) Post(ctx context.Context, path string, form url.Values) (*Reply, error) {
	return v.Do(ctx, http.MethodPost, path, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()))
}

// PostForJSON sends a form and asks for a JSON answer, as the page's script does.
func (v *Visitor) PostForJSON(ctx context.Context, path string, form url.Values) (*Reply, error) {
	return v.Do(ctx, http.MethodPost, path, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"},
	}, []byte(form.Encode()))
}

// PostJSON sends JSON as the page's script would.
func (v *Visitor) PostJSON(ctx context.Context, path string, body []byte) (*Reply, error) {
	return v.Do(ctx, http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, body)
}

// ErrRefused says that the relying party did not go along with a step that a
// journey took for granted.
var ErrRefused = errors.New("the relying party refused")

// SignIn signs an account in with password and one-time code.
func (v *Visitor) SignIn(ctx context.Context, account Account) error {
	code, err := v.stage.CodeFor(ctx, account)
	if err != nil {
		return fmt.Errorf("lab: sign in: %w", err)
	}
	reply, err := v.Post(ctx, "/sign-in", url.Values{"userName": {account.UserName}, "password": {account.Password}, "code": {code}})
	if err != nil {
		return err
	}
	if reply.Status != http.StatusOK || reply.Path != "/security-info" {
		return fmt.Errorf("lab: sign in as %s: %w: %s", account.UserName, ErrRefused, reply)
	}
	return nil
}

// StartRun starts adding a passkey: method is app, security-key or passkey.
func (v *Visitor) StartRun(ctx context.Context, method string) error {
	form := url.Values{"method": {method}}
	reply, err := v.Post(ctx, "/security-info/add", form)
	if err != nil {
		return err
	}
	run, rest, found := strings.Cut(strings.TrimPrefix(reply.Path, "/security-info/add/"), "/")
	if reply.Status != http.StatusOK || !found || rest == "" {
		return fmt.Errorf("lab: start a run: %w: %s", ErrRefused, reply)
	}
	v.Run = "/security-info/add/" + run
	return nil
}

// WalkToCeremony steps through the run's screens up to the one whose button
// starts the ceremony.
func (v *Visitor) WalkToCeremony(ctx context.Context) error {
	for _, step := range []struct {
		screen, word string
		form         url.Values
	}{
		{"S3", "get-app", nil}, {"S4", "which-phone", url.Values{"phone": {"android"}}}, {"S5a", "turn-on", nil}, {"S6", "get-ready", nil},
		{"K1", "key-kind", url.Values{"key": {"usb"}}},
	} {
		form := url.Values{"from": {step.screen}, "event": {"next"}}
		for name, values := range step.form {
			form[name] = values
		}
		// A screen that this flow does not have answers with the screen that it is on.
		if _, err := v.Post(ctx, v.Run+"/"+step.word, form); err != nil {
			return err
		}
	}
	return nil
}

// Options asks for creation options and returns the answer and the options in it.
func (v *Visitor) Options(ctx context.Context) (*Reply, []byte, error) {
	reply, err := v.PostJSON(ctx, v.Run+"/options", []byte("{}"))
	if err != nil {
		return nil, nil, err
	}
	return reply, optionsIn(reply.Body), nil
}

// Verify posts a registration response.
func (v *Visitor) Verify(ctx context.Context, credential []byte) (*Reply, error) {
	return v.PostJSON(ctx, v.Run+"/verify", credential)
}

// Register walks a run of the signed-in account and registers a passkey that
// the client makes, all over the API.
func (v *Visitor) Register(ctx context.Context, method string, c *client.Client) error {
	if err := v.StartRun(ctx, method); err != nil {
		return err
	}
	if err := v.WalkToCeremony(ctx); err != nil {
		return err
	}
	reply, options, err := v.Options(ctx)
	if err != nil {
		return err
	}
	if reply.Status != http.StatusOK {
		return fmt.Errorf("lab: creation options: %w: %s", ErrRefused, reply)
	}
	credential, err := c.Create(ctx, options)
	if err != nil {
		return fmt.Errorf("lab: register: %w", err)
	}
	if reply, err = v.Verify(ctx, credential); err != nil {
		return err
	}
	if reply.Status != http.StatusCreated {
		return fmt.Errorf("lab: register: %w: %s", ErrRefused, reply)
	}
	return nil
}

// SignIn gives the stage's window a fresh session, as if the person had just
// signed in with password and one-time code there.
func (s *Stage) SignIn(ctx context.Context) error {
	visitor, err := s.Visitor()
	if err != nil {
		return err
	}
	if err := visitor.SignIn(ctx, s.Account); err != nil {
		return err
	}
	return s.Lend(ctx, visitor)
}

// Lend puts a visitor's cookies into the window: the two are one browser to the relying party from then on, as far as neither
// signs in or out alone.
func (s *Stage) Lend(ctx context.Context, v *Visitor) error {
	origin, err := url.Parse(s.Origin)
	if err != nil {
		return fmt.Errorf("lab: lend cookies: %w", err)
	}
	for _, cookie := range v.http.Jar.Cookies(origin) {
		set := proto.NetworkSetCookie{
			Name: cookie.Name, Value: cookie.Value, URL: s.Origin, Path: "/", Secure: origin.Scheme == "https",
			HTTPOnly: true, SameSite: proto.NetworkCookieSameSiteLax,
		}
		if _, err := set.Call(s.Page.Rod.Context(ctx)); err != nil {
			return fmt.Errorf("lab: lend cookie %s: %w", cookie.Name, err)
		}
	}
	return nil
}
