package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// benchedVisitor is a browser of somebody's at the relying party that is timed: cookies of its own, over connections that all
// visitors share and keep.
type benchedVisitor struct {
	origin string
	http   *http.Client
}

// benchedConnections are the connections to a relying party of so many clients at a time.
func benchedConnections(clients int) *http.Transport {
	dialer := &net.Dialer{}
	return &http.Transport{
		MaxIdleConnsPerHost: clients,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) { // without asking for localhost's address
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
}

func newBenchedVisitor(origin string, connections *http.Transport) *benchedVisitor {
	jar, _ := cookiejar.New(nil) // which never fails
	return &benchedVisitor{origin: origin, http: &http.Client{Transport: connections, Jar: jar}}
}

// ceremonyAnswer is what a visitor's authenticator made of the options that it got.
type ceremonyAnswer struct {
	challenge string // in base64url, as options have it
	body      []byte // the response in JSON
}

// signIn is what the sign-in page does once somebody chooses a passkey: it asks for options and posts the response.
func (v *benchedVisitor) signIn(ctx context.Context, device ctap2.Transport) (ceremonyAnswer, error) {
	options, err := v.options(ctx, "/sign-in/options")
	if err != nil {
		return ceremonyAnswer{}, err
	}
	answer, err := v.answer(ctx, options, v.clientOf(device).Get)
	if err != nil {
		return ceremonyAnswer{}, err
	}
	_, _, err = v.do(ctx, "/sign-in/verify", answer.body)
	return answer, err
}

// register walks through the whole wizard, from choosing a method to the end.
func (v *benchedVisitor) register(ctx context.Context) (ceremonyAnswer, error) {
	path, _, err := v.post(ctx, "/security-info/add", url.Values{"method": {"passkey"}})
	if err != nil {
		return ceremonyAnswer{}, err
	}
	run, step, _ := strings.Cut(strings.TrimPrefix(path, "/security-info/add/"), "/")
	if step != "save-in" {
		return ceremonyAnswer{}, fmt.Errorf("register: the wizard leads to %s", path)
	}
	run = "/security-info/add/" + run
	options, err := v.options(ctx, run+"/options")
	if err != nil {
		return ceremonyAnswer{}, err
	}
	answer, err := v.answer(ctx, options, v.clientOf(newBenchedDevice()).Create)
	if err != nil {
		return ceremonyAnswer{}, err
	}
	_, reply, err := v.do(ctx, run+"/verify", answer.body)
	if err != nil {
		return ceremonyAnswer{}, err
	}
	var next struct{ Next string }
	if err := json.Unmarshal(reply, &next); err != nil {
		return ceremonyAnswer{}, fmt.Errorf("register: %w", err)
	}
	if _, _, err := v.get(ctx, next.Next); err != nil {
		return ceremonyAnswer{}, err
	}
	if path, _, err = v.post(ctx, next.Next, url.Values{"event": {"name"}, "name": {"Key " + answer.challenge[:16]}}); err != nil {
		return ceremonyAnswer{}, err
	}
	path, _, err = v.post(ctx, path, url.Values{"from": {"S11"}, "event": {"next"}})
	if err == nil && path != "/security-info" {
		err = fmt.Errorf("register: the wizard ends at %s", path)
	}
	return answer, err
}

// list fetches the page that lists one's passkeys.
func (v *benchedVisitor) list(ctx context.Context) error {
	_, _, err := v.get(ctx, "/security-info")
	return err
}

func (v *benchedVisitor) clientOf(device ctap2.Transport) *client.Client {
	return &client.Client{Origin: v.origin, Device: device, Attachment: client.Platform, Transports: []string{"internal"}}
}

func (v *benchedVisitor) options(ctx context.Context, path string) (json.RawMessage, error) {
	_, reply, err := v.do(ctx, path, []byte("{}"))
	if err != nil {
		return nil, err
	}
	var options struct{ PublicKey json.RawMessage }
	if err := json.Unmarshal(reply, &options); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return options.PublicKey, nil
}

func (v *benchedVisitor) answer(ctx context.Context, options json.RawMessage, ceremony func(context.Context, []byte) ([]byte, error)) (ceremonyAnswer, error) {
	var asked struct{ Challenge string }
	if err := json.Unmarshal(options, &asked); err != nil {
		return ceremonyAnswer{}, fmt.Errorf("read the options: %w", err)
	}
	body, err := ceremony(ctx, options)
	return ceremonyAnswer{challenge: asked.Challenge, body: body}, err
}

// do posts JSON and returns where it led and the answer.
func (v *benchedVisitor) do(ctx context.Context, path string, body []byte) (string, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.origin+path, bytes.NewReader(body))
	if err != nil {
		return "", nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return v.send(request)
}

func (v *benchedVisitor) post(ctx context.Context, path string, form url.Values) (string, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.origin+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.send(request)
}

func (v *benchedVisitor) get(ctx context.Context, path string) (string, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		return "", nil, err
	}
	return v.send(request)
}

// send follows redirects; anything but success is an error, because its time would mean nothing.
func (v *benchedVisitor) send(request *http.Request) (string, []byte, error) {
	response, err := v.http.Do(request)
	if err != nil {
		return "", nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", request.URL.Path, err)
	}
	if response.StatusCode/100 != 2 {
		return "", nil, fmt.Errorf("%s: the relying party answers %d: %.300s", request.URL.Path, response.StatusCode, body)
	}
	return response.Request.URL.Path, body, nil
}
