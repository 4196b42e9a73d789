package trace

import (
	"bytes"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/passkeylab/passkeylab/reports"
)

var (
	qrSecret = []byte("sixteen secrets!")
	qrPoint  = append([]byte{2}, bytes.Repeat([]byte{0xa1}, 32)...)
	plainEID = append([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x00, 0xa1, 0xb2}, 0, 0)
)

func qrContent() []byte {
	return encode(map[int]any{0: qrPoint, 1: qrSecret, 2: 2, 3: 1772443800, 4: false, 5: "mc"})
}

// qrText encodes with big numbers, otherwise than the decoder reads.
func qrText(content []byte) string {
	text := qrPrefix
	for group := range slices.Chunk(content, 7) {
		reversed := slices.Clone(group)
		slices.Reverse(reversed)
		width := []int{0, 3, 5, 8, 10, 13, 15, 17}[len(group)]
		text += fmt.Sprintf("%0*s", width, new(big.Int).SetBytes(reversed).String())
	}
	return text
}

// sealed encrypts an EID for the QR code.
func sealed(t testing.TB, eid []byte) []byte {
	t.Helper()
	key, err := hkdf.Key(sha256.New, qrSecret, nil, "\x01\x00\x00\x00", 64)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		t.Fatal(err)
	}
	advert := make([]byte, 16)
	block.Encrypt(advert, eid)
	mac := hmac.New(sha256.New, key[32:])
	mac.Write(advert)
	return append(advert, mac.Sum(nil)[:4]...)
}

// point is the base point of P-256, uncompressed.
func point(t testing.TB) []byte {
	t.Helper()
	data, err := hex.DecodeString("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// wholeCeremony is what the phone's half tells of a registration.
func wholeCeremony(t testing.TB) []Event {
	message := append(point(t), make([]byte, 16)...)
	event := func(layer, direction string, data []byte) Event {
		return Event{At: now, Half: reports.PartyPhone, Layer: layer, Direction: direction, Bytes: data}
	}
	return []Event{
		event(reports.LayerQR, Received, []byte(qrText(qrContent()))),
		event(reports.LayerTunnel, Sent, []byte("GET wss://cable.ua5v.com/cable/new/00112233445566778899aabbccddeeff")),
		event(reports.LayerTunnel, Received, []byte{0x00, 0xa1, 0xb2}),
		event(reports.LayerAdvert, Sent, sealed(t, plainEID)),
		event(reports.LayerHandshake, Received, message),
		event(reports.LayerHandshake, Sent, message),
		event(reports.LayerFrame, Sent, encode(map[int]any{1: encode(map[int]any{1: []string{"FIDO_2_0"}, 9: []string{"hybrid", "internal"}}), 3: []string{"ctap"}})),
		event(reports.LayerFrame, Received, append([]byte{1}, message1()...)),
		event(reports.LayerFrame, Sent, append([]byte{1, 0}, encode(map[int]any{1: "none", 2: []byte{7}})...)),
		event(reports.LayerFrame, Sent, append([]byte{2}, encode(map[int]any{1: map[int]any{2: []byte{8}, 3: secretBytes, 5: "Mia's phone"}})...)),
		event(reports.LayerFrame, Received, []byte{0}),
	}
}

func message1() []byte {
	return append([]byte{1}, encode(map[int]any{1: []byte{9}, 2: map[string]any{"id": "a.org"}})...)
}

func TestAWholeHybridCeremonyIsDecoded(t *testing.T) {
	var h Hybrid
	want := []struct{ route, title, text string }{
		{"computer phone", "QR code to make a credential", "1 / secret /: h'[redacted]' / 16 bytes /"},
		{"phone tunnel", "GET /cable/new", "host cable.ua5v.com\ntunnel id 00112233445566778899aabbccddeeff"},
		{"tunnel phone", "routing id", "h'00a1b2'"},
		{"phone air", "advert", "nonce h'0102030405060708090a'\nrouting id h'00a1b2'\ntunnel domain 0, cable.ua5v.com"},
		{"computer phone", "KNpsk0 → psk, e", "payload: empty"},
		{"phone computer", "KNpsk0 ← e, ee, se", "e: 65 bytes"},
		{"phone computer", "post-handshake message", `1 / getInfo /: <<{1 / versions /: ["FIDO_2_0"], 9 / transports /: ["hybrid", "internal"]}>>`},
		{"computer phone", "authenticatorMakeCredential", `2 / rp /: {"id": "a.org"}`},
		{"phone computer", "CTAP2_OK", `1 / fmt /: "none"`},
		{"phone computer", "update", "3 / linkSecret /: h'[redacted]' / 32 bytes /"},
		{"computer phone", "shutdown", ""},
	}
	for i, event := range wholeCeremony(t) {
		x := h.Exchange(event)
		if route := x.From + " " + x.To; route != want[i].route {
			t.Errorf("%s goes %s, want %s", x.Title, route, want[i].route)
		}
		if x.Title != want[i].title || !strings.Contains(x.Text, want[i].text) {
			t.Errorf("%q says %q, want %q saying %q", x.Title, x.Text, want[i].title, want[i].text)
		}
		if x.Problem != "" || !x.At.Equal(now) || x.Length == 0 {
			t.Errorf("%s: problem %q, length %d", x.Title, x.Problem, x.Length)
		}
		for _, secret := range [][]byte{qrSecret, secretBytes} {
			if all := string(asJSON(x)); strings.Contains(all, hex.EncodeToString(secret)) || strings.Contains(all, string(secret)) || strings.Contains(all, qrText(qrContent())[20:60]) {
				t.Errorf("%s shows a secret: %s", x.Title, all)
			}
		}
	}
}

// The bytes that may be shown are those without secrets.
func TestHexIsShownOnlyWithoutSecrets(t *testing.T) {
	var h Hybrid
	for i, event := range wholeCeremony(t) {
		x := h.Exchange(event)
		hidden := slices.Contains([]string{"QR code to make a credential", "update"}, x.Title)
		shown := x.Hex != "" || x.Layer == reports.LayerTunnel
		if hidden == shown {
			t.Errorf("event %d, %s: hex %q", i, x.Title, x.Hex)
		}
	}
	pin := message(6, map[int]any{2: 9, 6: secretBytes})
	if x := CTAPRequest(now, pin); x.Hex != "" {
		t.Errorf("a PIN is shown: %s", x.Hex)
	}
	if x := CTAPRequest(now, message1()); x.Hex != hex.EncodeToString(message1()) {
		t.Errorf("hex %q", x.Hex)
	}
}

func TestOfADefectiveTransportTheDefectIsTold(t *testing.T) {
	long := append(point(t), make([]byte, 20)...)
	for _, c := range []struct {
		name    string
		event   Event
		problem string
	}{
		{"a letter in the QR code", Event{Layer: reports.LayerQR, Bytes: []byte("FIDO:/12x")}, `'x' at digit 3`},
		{"a group of four digits", Event{Layer: reports.LayerQR, Bytes: []byte("FIDO:/1234")}, "4 digits"},
		{"a group too large", Event{Layer: reports.LayerQR, Bytes: []byte("FIDO:/256")}, "does not fit into 1 bytes"},
		{"no map in the QR code", Event{Layer: reports.LayerQR, Bytes: []byte("FIDO:/001")}, "not the CBOR map"},
		{"a short secret", Event{Layer: reports.LayerQR, Bytes: encode(map[int]any{0: qrPoint, 1: qrSecret[:9]})}, "secret has 9 bytes"},
		{"no key", Event{Layer: reports.LayerQR, Bytes: encode(map[int]any{1: qrSecret})}, "publicKey has 0 bytes"},
		{"a short advert", Event{Layer: reports.LayerAdvert, Bytes: make([]byte, 19)}, "19 bytes instead of 20"},
		{"flags in the EID", Event{Layer: reports.LayerAdvert, Bytes: append([]byte{4}, plainEID[1:]...)}, "flags are 0x04"},
		{"a reserved domain", Event{Layer: reports.LayerAdvert, Bytes: append(slices.Clone(plainEID[:14]), 77, 0)}, "domain 77 is reserved"},
		{"a path of its own", Event{Layer: reports.LayerTunnel, Bytes: []byte("GET /cable/old/1 HTTP/1.1")}, "path /cable/old/1"},
		{"a short tunnel id", Event{Layer: reports.LayerTunnel, Bytes: []byte("GET /cable/connect/00A1B2/0011 HTTP/1.1")}, "tunnel id is not 16 bytes"},
		{"a short handshake", Event{Layer: reports.LayerHandshake, Bytes: make([]byte, 80)}, "80 bytes"},
		{"no point", Event{Layer: reports.LayerHandshake, Bytes: make([]byte, 81)}, "no point of P-256"},
		{"a shutdown by the phone", Event{Half: reports.PartyPhone, Direction: Sent, Layer: reports.LayerFrame, Bytes: []byte{0}}, "only the computer"},
		{"a shutdown with more", Event{Layer: reports.LayerFrame, Bytes: []byte{0, 1}}, "1 bytes"},
		{"an update by the computer", Event{Half: reports.PartyComputer, Direction: Sent, Layer: reports.LayerFrame, Bytes: []byte{2, 0xa0}}, "only the phone"},
		{"an update that is no CBOR", Event{Half: reports.PartyPhone, Direction: Sent, Layer: reports.LayerFrame, Bytes: []byte{2, 0xff}}, "not one item of CBOR"},
		{"no JSON", Event{Layer: reports.LayerFrame, Bytes: []byte("\x03{")}, "not JSON"},
		{"an empty CTAP2 message", Event{Layer: reports.LayerFrame, Bytes: []byte{1}}, "empty"},
		{"a type that nobody knows", Event{Layer: reports.LayerFrame, Bytes: []byte{9}}, "type is 0x09"},
		{"what the observer says", Event{Layer: reports.LayerHandshake, Bytes: long, Problem: "the tag is wrong"}, "the tag is wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h Hybrid
			if x := h.Exchange(c.event); !strings.Contains(x.Problem, c.problem) {
				t.Errorf("problem %q, want %q; %+v", x.Problem, c.problem, x)
			}
		})
	}
}

func TestAnAdvertIsOpenedOnlyByItsOwnCode(t *testing.T) {
	var h Hybrid
	advert := Event{Half: reports.PartyComputer, Direction: Received, Layer: reports.LayerAdvert, Bytes: sealed(t, plainEID)}
	if x := h.Exchange(advert); !strings.Contains(x.Text, "sealed") || x.From != reports.PartyAir {
		t.Errorf("without a code: %+v", x)
	}
	zeroed := encode(map[int]any{0: qrPoint, 1: make([]byte, 16), 5: "ga"})
	if x := h.Exchange(Event{Layer: reports.LayerQR, Bytes: zeroed}); x.Title != "QR code to use a credential" || x.Problem != "" {
		t.Errorf("a code whose secret was zeroed: %+v", x)
	}
	if x := h.Exchange(advert); !strings.Contains(x.Text, "sealed") {
		t.Errorf("after a code without its secret: %s", x.Text)
	}
	h.Exchange(Event{Layer: reports.LayerQR, Bytes: qrContent()})
	if x := h.Exchange(advert); !strings.Contains(x.Text, "routing id h'00a1b2'") {
		t.Errorf("after its code: %s", x.Text)
	}
	zeroed = encode(map[int]any{0: qrPoint, 1: make([]byte, 16), 5: "mc"})
	h.Exchange(Event{Layer: reports.LayerQR, Bytes: zeroed})
	if x := h.Exchange(advert); !strings.Contains(x.Text, "routing id h'00a1b2'") {
		t.Errorf("after its code was told again without its secret: %s", x.Text)
	}
	h.Exchange(Event{Layer: reports.LayerQR, Bytes: encode(map[int]any{0: append([]byte{3}, qrPoint[1:]...), 1: make([]byte, 16)})})
	if x := h.Exchange(advert); !strings.Contains(x.Text, "sealed") {
		t.Errorf("after another code: %s", x.Text)
	}
	h.Scanned("https://example.org")
	h.Scanned(qrText(qrContent()))
	if x := h.Exchange(advert); !strings.Contains(x.Text, "routing id h'00a1b2'") {
		t.Errorf("after a scan: %s", x.Text)
	}
	advert.Bytes[19] ^= 1
	if x := h.Exchange(advert); !strings.Contains(x.Text, "not for this QR code") || x.Problem != "" {
		t.Errorf("somebody else's: %+v", x)
	}
}

func TestALinkedCeremonyUsesTheOtherPattern(t *testing.T) {
	h := Hybrid{}
	contact := h.Exchange(Event{
		Half: reports.PartyComputer, Direction: Sent, Layer: reports.LayerTunnel,
		Bytes: []byte("GET wss://cable.ua5v.com/cable/contact/q80 HTTP/1.1\r\nX-caBLE-Client-Payload: a2024201020362" + hex.EncodeToString([]byte("ga")) + "\r\nOrigin: wss://cable.ua5v.com\r\n"),
	})
	if contact.Title != "GET /cable/contact" || contact.Problem != "" || !strings.Contains(contact.Text, `{2 / clientNonce /: h'0102', 3 / request /: "ga"}`) || !strings.Contains(contact.Text, "Origin:") {
		t.Errorf("contact: %+v", contact)
	}
	h = Hybrid{}
	payload := encode(map[int]any{1: []byte{1}, 2: []byte{2}, 3: "mc"})
	if x := h.Exchange(Event{Half: reports.PartyPhone, Direction: Received, Layer: reports.LayerTunnel, Bytes: payload}); x.Title != "client payload" || !strings.Contains(x.Text, "1 / linkId /: h'01'") {
		t.Errorf("payload: %+v", x)
	}
	data := append(point(t), make([]byte, 26)...)
	if x := h.Exchange(Event{Half: reports.PartyComputer, Direction: Sent, Layer: reports.LayerHandshake, Bytes: data}); x.Title != "NKpsk0 → psk, e, es" || !strings.Contains(x.Text, "payload: 10 bytes") {
		t.Errorf("first message: %+v", x)
	}
	if x := h.Exchange(Event{Half: reports.PartyComputer, Direction: Received, Layer: reports.LayerHandshake, Bytes: data}); x.Title != "NKpsk0 ← e, ee" {
		t.Errorf("second message: %+v", x)
	}
}

func TestEventsAroundTheMessages(t *testing.T) {
	var h Hybrid
	call := h.Exchange(Event{Half: reports.PartyComputer, Direction: Sent, Layer: reports.LayerDBus, Title: "org.bluez.Adapter1.SetDiscoveryFilter", Bytes: []byte(`{"Transport": <"le">}`)})
	if call.Title != "org.bluez.Adapter1.SetDiscoveryFilter" || call.Text != `{"Transport": <"le">}` || call.To != reports.PartyAir {
		t.Errorf("call: %+v", call)
	}
	signal := h.Exchange(Event{Half: reports.PartyComputer, Direction: Received, Layer: reports.LayerDBus, Title: "InterfacesAdded", Bytes: sealed(t, plainEID)})
	if signal.Title != "InterfacesAdded" || !strings.Contains(signal.Text, "encrypted EID") || signal.From != reports.PartyAir {
		t.Errorf("signal: %+v", signal)
	}
	power := h.Exchange(Event{Half: reports.PartyAir, Layer: reports.LayerDBus, Title: "Powered false"})
	if power.From != reports.PartyAir || power.To != reports.PartyAir || power.Title != "Powered false" {
		t.Errorf("a change of the adapter: %+v", power)
	}
	opened := h.Exchange(Event{Half: reports.PartyPhone, Layer: reports.LayerTunnel, Title: "tunnel opened at wss://cable.ua5v.com/cable/new/00"})
	if opened.From != reports.PartyPhone || opened.To != reports.PartyTunnel {
		t.Errorf("the beginning of a tunnel: %+v", opened)
	}
	closed := h.Exchange(Event{Half: reports.PartyPhone, Layer: reports.LayerTunnel, Title: "tunnel closed", Problem: "410 Gone"})
	if closed.Title != "tunnel closed" || closed.Problem != "410 Gone" || closed.From != closed.To {
		t.Errorf("the end of a tunnel: %+v", closed)
	}
	named := h.Exchange(Event{Half: reports.PartyPhone, Direction: Sent, Layer: reports.LayerAdvert, Title: "replayed", Bytes: sealed(t, plainEID)})
	if named.Title != "advert" || !strings.HasPrefix(named.Text, "replayed\n") {
		t.Errorf("what the observer calls it is lost: %+v", named)
	}
	json := h.Exchange(Event{Half: reports.PartyPhone, Direction: Sent, Layer: reports.LayerFrame, Bytes: []byte("\x03{\"response\":{}}")})
	if json.Text != "{\n  \"response\": {}\n}" || json.Problem != "" {
		t.Errorf("JSON: %+v", json)
	}
}

func TestDomainNames(t *testing.T) {
	for id, want := range map[uint16]string{0: "cable.ua5v.com", 1: "cable.auth.com", 2: "", 255: "", 266: "cable.wufkweyy3uaxb.com"} {
		if got := domainName(id); got != want {
			t.Errorf("domain %d is %q, want %q", id, got, want)
		}
	}
}

func TestUndigits(t *testing.T) {
	for n := range 30 {
		data := bytes.Repeat([]byte{0xfe}, n)
		got, err := undigits(strings.TrimPrefix(qrText(data), qrPrefix))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes became %x, %v", n, got, err)
		}
	}
}

func TestTheRecorderDecodesEventsAndTellsWhatThePageLearned(t *testing.T) {
	redactor := &Redactor{}
	redactor.Add("Mia's phone")
	r := &Recorder{Decoder: Decoder{Redactor: redactor}}
	for _, event := range wholeCeremony(t) {
		r.Event(event)
	}
	r.Ceremony(Ceremony{Kind: reports.Registration, Duration: 1234567890, Options: creationOptions(), Response: honest().registration()})
	r.Ceremony(Ceremony{Kind: reports.Authentication, Duration: 31400000000, Exception: "NotAllowedError", Message: "The operation timed out."})
	r.Ceremony(Ceremony{Kind: reports.Authentication, Outcome: "400"})
	var result reports.Result
	r.Fill(&result)
	if got := len(result.Ceremonies[0].Exchanges); got != len(wholeCeremony(t)) {
		t.Errorf("%d exchanges are in the first ceremony", got)
	}
	if strings.Contains(string(asJSON(result)), "Mia's phone") {
		t.Error("a registered secret stayed")
	}
	learned := result.Ceremonies[0].RevealedToPage
	if learned == nil || learned.Outcome != reports.OK || learned.AAGUID != "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" || learned.Attachment == "" || len(learned.Transports) == 0 || learned.Took.String() != "1.2s" {
		t.Errorf("the page learned %+v", learned)
	}
	threw := result.Ceremonies[1].RevealedToPage
	if threw == nil || threw.Outcome != "NotAllowedError" || threw.Message != "The operation timed out." || threw.Took.String() != "31s" || result.Ceremonies[1].Outcome != "NotAllowedError" {
		t.Errorf("the page learned %+v", threw)
	}
	if result.Ceremonies[2].RevealedToPage != nil {
		t.Error("a ceremony without response or exception revealed something")
	}
}

func FuzzHybrid(f *testing.F) {
	layers := []string{reports.LayerQR, reports.LayerAdvert, reports.LayerTunnel, reports.LayerHandshake, reports.LayerFrame, reports.LayerCTAP2, reports.LayerDBus}
	for _, event := range wholeCeremony(f) {
		f.Add(byte(slices.Index(layers, event.Layer)), event.Direction == Sent, event.Bytes)
	}
	f.Add(byte(4), true, []byte("\x03{}"))
	f.Add(byte(2), true, []byte("GET /cable/contact/q80\nX-caBLE-Client-Payload: a0"))
	f.Fuzz(func(t *testing.T, layer byte, sent bool, data []byte) {
		h := &Hybrid{}
		h.Exchange(Event{Layer: reports.LayerQR, Bytes: qrContent()})
		direction := Received
		if sent {
			direction = Sent
		}
		x := h.Exchange(Event{Half: reports.PartyPhone, Layer: layers[int(layer)%len(layers)], Direction: direction, Bytes: data})
		if x.Title == "" || x.From == "" || x.To == "" {
			t.Errorf("%+v", x)
		}
		if !bytes.Contains(data, qrSecret) && bytes.Contains(asJSON(x), []byte(hex.EncodeToString(qrSecret))) {
			t.Error("the secret of the code is shown")
		}
	})
}
