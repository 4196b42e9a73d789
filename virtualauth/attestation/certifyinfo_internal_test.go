package attestation

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

// anAttest is a TPMS_ATTEST written by hand: magic, type, two sized parts, 25 bytes of clock and firmware, two sized parts.
var anAttest = "ff544347" + "8017" + "0001aa" + "0002bbcc" + strings.Repeat("11", 25) + "0003000b01" + "0001dd"

func TestCertifyInfoIsTakenApart(t *testing.T) {
	data := unhex(t, anAttest)
	info, err := parseCertifyInfo(data)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{hex.EncodeToString(info.qualifiedSigner), hex.EncodeToString(info.extraData), hex.EncodeToString(info.name), hex.EncodeToString(info.qualifiedName)}
	if want := []string{"aa", "bbcc", "000b01", "dd"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !bytes.Equal(info.encode(), data) {
		t.Errorf("%x", info.encode())
	}
}

func TestCertifyInfoRefuses(t *testing.T) {
	data := unhex(t, anAttest)
	for cut := range data {
		if _, err := parseCertifyInfo(data[:cut]); err == nil {
			t.Errorf("accepted with %d bytes", cut)
		}
	}
	for name, edited := range map[string]string{
		"a byte too many": anAttest + "00", "another magic": "00" + anAttest[2:], "another type": anAttest[:8] + "8018" + anAttest[12:],
	} {
		if _, err := parseCertifyInfo(unhex(t, edited)); err == nil {
			t.Errorf("accepted %s", name)
		}
	}
}

func TestNamesAreByTheHashThatThePublicAreaNames(t *testing.T) {
	for id, length := range map[string]int{"0004": 22, "000b": 34, "000c": 50, "000d": 66, "0012": 0} {
		if got := nameOf(unhex(t, "0001"+id+"00")); len(got) != length {
			t.Errorf("%s: %d bytes, want %d", id, len(got), length)
		}
	}
	if nameOf([]byte{0, 1, 0}) != nil {
		t.Error("a name for three bytes")
	}
}

func TestWhatIsNotFromATPMIsNotForged(t *testing.T) {
	s := Subject{Authority: NewAuthority(nil, time.Unix(0, 0)), Misbehave: Misbehaviour{Magic: 1}}
	if _, _, err := s.forge(attestationKey{}, Certification{Attest: []byte{1}}); err == nil {
		t.Error("forged from nothing")
	}
}

func FuzzParseCertifyInfo(f *testing.F) {
	seed, err := hex.DecodeString(anAttest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("\xffTCG\x80\x17"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := parseCertifyInfo(data)
		if err == nil && !bytes.Equal(info.encode(), data) {
			t.Errorf("%x became %x", data, info.encode())
		}
	})
}
