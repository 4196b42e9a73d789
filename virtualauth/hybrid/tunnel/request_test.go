package tunnel_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/hybrid/tunnel"
)

func TestWrongRequestsAreToldWhatIsWrong(t *testing.T) {
	server := start(t, tunnel.Options{Limits: tunnel.Limits{Tunnels: 2}})
	_, response := open(t, server, "/cable/new/"+tunnelID, nil)
	routing := response.Header.Get("X-caBLE-Routing-ID")
	const joined = "ffffffffffffffffffffffffffffffff"
	open(t, server, "/cable/new/"+joined, nil)
	open(t, server, "/cable/connect/"+routing+"/"+joined, nil)
	other := "000000"
	if routing == other {
		other = "000001"
	}
	long := strings.Repeat("A", 684) // 513 bytes
	tests := []struct {
		name, path string
		header     http.Header
		code       int
		words      string
	}{
		{"no path of ours", "/", nil, 404, "/cable/new/"},
		{"an operation that does not exist", "/cable/custom/" + tunnelID, nil, 404, "/cable/contact/"},
		{"too many parts", "/cable/new/" + tunnelID + "/", nil, 404, "1 part(s), not 2"},
		{"too few parts", "/cable/connect/" + tunnelID, nil, 404, "2 part(s), not 1"},
		{"a short tunnel id", "/cable/new/00", nil, 400, "tunnel id: want 32 hexadecimal digits, not 2"},
		{"a tunnel id of other digits", "/cable/new/" + strings.Repeat("g", 32), nil, 400, "tunnel id: want 32 hexadecimal digits, and nothing else"},
		{"a long routing id", "/cable/connect/00000000/" + tunnelID, nil, 400, "routing id: want 6"},
		{"a routing id of another server", "/cable/connect/" + other + "/" + tunnelID, nil, 404, "routing id is " + routing},
		{"a tunnel that is open", "/cable/new/" + strings.ToUpper(tunnelID), nil, 409, "open already"},
		{"a tunnel that never was", "/cable/connect/" + routing + "/" + strings.Repeat("1", 32), nil, 404, "no such tunnel"},
		{"a tunnel with both its sides", "/cable/connect/" + routing + "/" + joined, nil, 410, "both sides"},
		{"one tunnel too many", "/cable/new/" + strings.Repeat("1", 32), nil, 503, "2 tunnels already"},
		{"one contact too many", "/cable/contact/" + contactID, payload("01"), 503, "2 tunnels already"},
		{"a contact without payload", "/cable/contact/" + contactID, nil, 400, "want it once, not 0 times"},
		{"a contact with two payloads", "/cable/contact/" + contactID, http.Header{"X-Cable-Client-Payload": {"01", "02"}}, 400, "want it once, not 2 times"},
		{"a contact with an empty payload", "/cable/contact/" + contactID, payload(""), 400, "1 to 1024 bytes"},
		{"a contact with half a byte", "/cable/contact/" + contactID, payload("012"), 400, "even number of hexadecimal digits"},
		{"a contact with much payload", "/cable/contact/" + contactID, payload(strings.Repeat("00", 1025)), 400, "1 to 1024 bytes"},
		{"an empty contact id", "/cable/listen/", nil, 400, "contact id: want 1 to 512"},
		{"a contact id with padding", "/cable/listen/AA==", nil, 400, "without padding"},
		{"a contact id in another alphabet", "/cable/listen/++++", nil, 400, "base64url"},
		{"a contact id with loose bits", "/cable/listen/AB", nil, 400, "base64url"},
		{"a long contact id", "/cable/listen/" + long, nil, 400, "at most 512"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code, words := status(t, server, test.path, test.header)
			if code != test.code || !strings.Contains(words, test.words) {
				t.Errorf("got %d %s", code, words)
			}
		})
	}
}

func TestOnlyRequestsForWebSocketsAreServed(t *testing.T) {
	server := start(t, tunnel.Options{})
	good := http.Header{
		"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"WebSocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"AQIDBAUGBwgJCgsMDQ4PEA=="}, "Sec-Websocket-Protocol": {"other, fido.cable"},
	}
	with := func(name string, values ...string) http.Header {
		header := good.Clone()
		header[name] = values
		return header
	}
	tests := []struct {
		name, method, path, body string
		header                   http.Header
		code                     int
		words                    string
		answer                   [2]string // a header of the answer
	}{
		{"another method", "POST", "/cable/new/" + tunnelID, "", good, 405, "GET", [2]string{"Allow", "GET"}},
		{"another method to listen", "PUT", "/cable/listen/" + contactID, "", good, 405, "GET", [2]string{"Allow", "GET, DELETE"}},
		{"a tunnel cannot be deleted", "DELETE", "/cable/new/" + tunnelID, "", good, 405, "GET", [2]string{"Allow", "GET"}},
		{"a body", "GET", "/cable/new/" + tunnelID, "hello", good, 400, "no body", [2]string{}},
		{"a page", "GET", "/cable/new/" + tunnelID, "", nil, 426, "WebSocket", [2]string{"Upgrade", "websocket"}},
		{"another protocol", "GET", "/cable/new/" + tunnelID, "", with("Upgrade", "h2c"), 426, "WebSocket", [2]string{"Upgrade", "websocket"}},
		{"an old version", "GET", "/cable/new/" + tunnelID, "", with("Sec-Websocket-Version", "8"), 426, "want 13", [2]string{"Sec-WebSocket-Version", "13"}},
		{"no key", "GET", "/cable/new/" + tunnelID, "", with("Sec-Websocket-Key"), 400, "Sec-WebSocket-Key", [2]string{}},
		{"a short key", "GET", "/cable/new/" + tunnelID, "", with("Sec-Websocket-Key", "AQID"), 400, "16 bytes", [2]string{}},
		{"no subprotocol", "GET", "/cable/new/" + tunnelID, "", with("Sec-Websocket-Protocol"), 400, "want fido.cable", [2]string{}},
		{"another subprotocol", "GET", "/cable/new/" + tunnelID, "", with("Sec-Websocket-Protocol", "chat"), 400, "want fido.cable", [2]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), test.method, "https://cable.ua5v.com"+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.header != nil {
				request.Header = test.header
			}
			response, err := client(t, server).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			words := make([]byte, 200)
			n, _ := response.Body.Read(words)
			if response.StatusCode != test.code || !strings.Contains(string(words[:n]), test.words) {
				t.Errorf("got %s: %s", response.Status, words[:n])
			}
			if name := test.answer[0]; name != "" && response.Header.Get(name) != test.answer[1] {
				t.Errorf("%s is %q", name, response.Header.Get(name))
			}
		})
	}
	if m := server.Metrics(); m.Waiting != 0 || m.Requests["new 426"] != 3 {
		t.Errorf("the metrics are %+v", m)
	}
}
