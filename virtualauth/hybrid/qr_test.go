package hybrid_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

// generator is a compressed point of P-256 that everybody knows: its base.
var generator, _ = hex.DecodeString("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")

// contents is the map of a QR code, as loose as a test needs it.
func contents(changes map[int]any) map[int]any {
	m := map[int]any{0: generator, 1: bytes.Repeat([]byte{9}, 16), 2: 2, 3: 1_767_225_600, 4: false, 5: "mc"}
	for key, value := range changes {
		if value == nil {
			delete(m, key)
			continue
		}
		m[key] = value
	}
	return m
}

// qrText encodes anything as a QR code. Its digits are of the package's own encoder, which the vectors check.
func qrText(t testing.TB, content any) string {
	t.Helper()
	encoded, err := ctap2.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return "FIDO:/" + hybrid.EncodeDigits(encoded)
}

func TestQRCodesThatPhonesRead(t *testing.T) {
	honest := hybrid.QR{
		PublicKey: [33]byte(generator), Secret: [16]byte(bytes.Repeat([]byte{9}, 16)), Domains: 2,
		Made: time.Unix(1_767_225_600, 0).UTC(), Hint: hybrid.HintMakeCredential,
	}
	with := func(change func(*hybrid.QR)) hybrid.QR {
		q := honest
		change(&q)
		return q
	}
	for _, c := range []struct {
		name string
		text string
		want hybrid.QR
	}{
		{"as a browser writes it", qrText(t, contents(nil)), honest},
		{"with the scheme in small letters", strings.Replace(qrText(t, contents(nil)), "FIDO", "fido", 1), honest},
		{"A-HYB-003: with a key that nobody knows", qrText(t, contents(map[int]any{77: "grease", -3: []int{1}})), honest},
		{"A-HYB-007: with a hint that nobody knows", qrText(t, contents(map[int]any{5: "xx"})), with(func(q *hybrid.QR) { q.Hint = hybrid.HintGetAssertion })},
		{"A-HYB-007: without a hint", qrText(t, contents(map[int]any{5: nil})), with(func(q *hybrid.QR) { q.Hint = hybrid.HintGetAssertion })},
		{"for a digital credential", qrText(t, contents(map[int]any{5: "dcp"})), with(func(q *hybrid.QR) { q.Hint = hybrid.HintPresent })},
		{"with linking", qrText(t, contents(map[int]any{4: true})), with(func(q *hybrid.QR) { q.Linking = true })},
		{"with nothing but key and secret", qrText(t, contents(map[int]any{2: nil, 3: nil, 4: nil, 5: nil})), hybrid.QR{
			PublicKey: honest.PublicKey, Secret: honest.Secret, Hint: hybrid.HintGetAssertion,
		}},
		{"with the boolean that CTAP 2.2 has for key 6", qrText(t, contents(map[int]any{6: true})), honest},
		{"with both data channels", qrText(t, contents(map[int]any{6: []int{0, 1}})), with(func(q *hybrid.QR) {
			q.Channels = []hybrid.Channel{hybrid.ChannelTunnel, hybrid.ChannelL2CAP}
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := hybrid.ParseQR(c.text)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, %v\nwant %+v", got, err, c.want)
			}
			again, err := hybrid.ParseQR(got.String())
			if err != nil || !reflect.DeepEqual(again, c.want) {
				t.Errorf("its own text is read as %+v, %v", again, err)
			}
			if _, err := (&hybrid.Phone{Rand: &endless{}}).Scan(c.text); err != nil {
				t.Errorf("a phone says %v", err)
			}
		})
	}
}

func TestAQRCodeOfABrowserHas168Digits(t *testing.T) {
	text := qrText(t, contents(nil))
	if digits := strings.TrimPrefix(text, "FIDO:/"); len(digits) != 168 || strings.Trim(digits, "0123456789") != "" {
		t.Errorf("%d digits: %s", len(digits), digits)
	}
}

func TestTextsThatAreNoQRCode(t *testing.T) {
	honest := qrText(t, contents(nil))
	digits := strings.TrimPrefix(honest, "FIDO:/")
	offCurve := bytes.Clone(generator)
	offCurve[32] ^= 2
	for _, c := range []struct{ name, text, part string }{
		{"A-HYB-004: a key of 32 bytes", qrText(t, contents(map[int]any{0: generator[:32]})), "public key"},
		{"A-HYB-004: a key of 34 bytes", qrText(t, contents(map[int]any{0: append(generator[:33:33], 0)})), "public key"},
		{"A-HYB-004: no key", qrText(t, contents(map[int]any{0: nil})), "public key"},
		{"A-HYB-004: a key that is not on the curve", qrText(t, contents(map[int]any{0: offCurve})), "public key"},
		{"A-HYB-004: an x that is no member of the field", qrText(t, contents(map[int]any{0: append([]byte{2}, bytes.Repeat([]byte{255}, 32)...)})), "public key"},
		{"A-HYB-004: a key whose first byte is of no compressed point", qrText(t, contents(map[int]any{0: append([]byte{4}, generator[1:]...)})), "public key"},
		{"A-HYB-005: a secret of 15 bytes", qrText(t, contents(map[int]any{1: make([]byte, 15)})), "secret"},
		{"A-HYB-005: a secret of 17 bytes", qrText(t, contents(map[int]any{1: make([]byte, 17)})), "secret"},
		{"A-HYB-005: no secret", qrText(t, contents(map[int]any{1: nil})), "secret"},
		{"A-HYB-006: one digit less", honest[:len(honest)-1], "digits"},
		{"A-HYB-006: one digit more", honest + "0", "digits"},
		{"A-HYB-006: a letter", honest[:20] + "x" + honest[21:], "digits"},
		{"A-HYB-006: a sign", honest[:6] + "+" + honest[7:], "digits"},
		{"A-HYB-006: a number that seven bytes cannot hold", "FIDO:/" + "99999999999999999" + digits[17:], "digits"},
		{"A-HYB-006: a number that one byte cannot hold", "FIDO:/" + "256", "digits"},
		{"A-HYB-006: another scheme", "HTTP:/" + digits, "scheme"},
		{"A-HYB-006: no slash", "FIDO:" + digits, "scheme"},
		{"A-HYB-006: no digits at all", "FIDO:/", "CBOR"},
		{"A-HYB-006: nothing", "", "scheme"},
		{"digits of no CBOR", "FIDO:/" + "255", "CBOR"},
		{"a list", qrText(t, []int{1, 2, 3}), "CBOR"},
		{"a text for the secret", qrText(t, contents(map[int]any{1: "0123456789abcdef"})), "CBOR"},
		{"a list of data channels with a text", qrText(t, contents(map[int]any{6: []string{"x"}})), "CBOR"},
		{"a key twice", "FIDO:/" + hybrid.EncodeDigits([]byte{0xa2, 5, 0x60, 5, 0x60}), "CBOR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := hybrid.ParseQR(c.text)
			var wrong *hybrid.QRError
			if !errors.As(err, &wrong) || wrong.Part != c.part {
				t.Errorf("got %v, want something about the %s", err, c.part)
			}
			if _, err := (&hybrid.Phone{Rand: &endless{}}).Scan(c.text); !errors.As(err, &wrong) {
				t.Errorf("a phone says %v", err)
			}
		})
	}
}

// A-HYB-002 is about phones with the data channel L2CAP, whose adverts have a CBOR suffix with its number. This one has none: an
// Advert is 20 bytes, and a computer that offers nothing else is refused (A-HYB-008).
func TestAPhoneDoesNotAnswerAComputerThatCouldNotFindIt(t *testing.T) {
	for _, c := range []struct {
		name   string
		change map[int]any
		domain uint16
		want   error
	}{
		{"A-HYB-008: no data channel in common", map[int]any{6: []int{1}}, 0, hybrid.ErrNoChannel},
		{"A-HYB-008: no data channel at all", map[int]any{6: []int{}}, 0, hybrid.ErrNoChannel},
		{"A-HYB-008: a data channel of the future beside ours", map[int]any{6: []int{0, 9}}, 0, nil},
		{"a computer that knows one tunnel server, and a phone at the second", map[int]any{2: 1}, 1, hybrid.ErrUnknownDomain},
		{"a computer that knows one tunnel server, and a phone at the first", map[int]any{2: 1}, 0, nil},
		{"a computer that knows one tunnel server, and a phone at a computed one", map[int]any{2: 1}, 300, nil},
		{"a phone at a tunnel server that is nobody's", nil, 2, hybrid.ErrUnknownDomain},
	} {
		t.Run(c.name, func(t *testing.T) {
			phone := &hybrid.Phone{Rand: &endless{}, Domain: c.domain}
			if _, err := phone.Scan(qrText(t, contents(c.change))); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestTheAgeOfAQRCode(t *testing.T) {
	made := map[int]any{3: moment.Add(-90 * time.Second).Unix()}
	for _, c := range []struct {
		name   string
		change map[int]any
		now    func() time.Time
		want   time.Duration
	}{
		{"is known", made, clock, 90 * time.Second},
		{"is not known to a phone without a clock", made, nil, 0},
		{"is not known of a code without a time", map[int]any{3: nil}, clock, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			invitation, err := (&hybrid.Phone{Rand: &endless{}, Now: c.now}).Scan(qrText(t, contents(c.change)))
			if err != nil || invitation.Age() != c.want {
				t.Errorf("it is %v, %v", invitation.Age(), err)
			}
		})
	}
}

// A-HYB-009
func TestNamesOfTunnelServers(t *testing.T) {
	for id, want := range map[uint16]string{
		0: "cable.ua5v.com", 1: "cable.auth.com", 2: "", 255: "",
		266: "cable.wufkweyy3uaxb.com", // as Chromium logs it
		256: "cable.qz2ekwmnd332c.info", 257: "cable.4a6bwmj6hiyyd.net",
	} {
		if got, known := hybrid.DomainName(id); got != want || known != (want != "") {
			t.Errorf("%d is %q, %v", id, got, known)
		}
	}
}

// Digits and bytes are two ways to write the same.
func FuzzParseQR(f *testing.F) {
	f.Add(qrText(f, contents(nil)))
	f.Add(qrText(f, contents(map[int]any{6: []int{0, 1}, 5: "dcp"})))
	f.Add("FIDO:/255")
	f.Add("fido:/")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := hybrid.ParseQR(text)
		if err != nil {
			var wrong *hybrid.QRError
			if !errors.As(err, &wrong) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := hybrid.ParseQR(q.String())
		if err != nil || !reflect.DeepEqual(again, q) {
			t.Errorf("%q is %+v, whose text is %+v, %v", text, q, again, err)
		}
	})
}
