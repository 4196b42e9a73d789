package authdata_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Parts of authenticator data written by hand from the table in WebAuthn L3 §6.1. hashExample is SHA-256 of "example.com".
const (
	hashExample = "a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947"
	counter     = "01020304"
	aaguid      = "dd868f11004c544fb49b35dacdd504e4"
	id          = "0003aabbcc"
	key         = "a301020326200a" // a map, and no key: the package does not care
	extensions  = "a16161f5"       // {"a": true}
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDataIsWrittenAndReadByTheTable(t *testing.T) {
	credential := &authdata.AttestedCredential{
		AAGUID: uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4"), ID: []byte{0xaa, 0xbb, 0xcc}, PublicKey: unhex(t, key),
	}
	for _, c := range []struct {
		name, encoded string
		data          authdata.Data
	}{
		{"an assertion", hashExample + "05" + counter, authdata.Data{Flags: authdata.UP | authdata.UV}},
		{"no flags", hashExample + "00" + counter, authdata.Data{}},
		{"a backed up credential", hashExample + "5d" + counter + aaguid + id + key,
			authdata.Data{Flags: authdata.UP | authdata.UV | authdata.BE | authdata.BS, Credential: credential}},
		{"extensions", hashExample + "81" + counter + extensions,
			authdata.Data{Flags: authdata.UP, Extensions: unhex(t, extensions)}},
		{"everything", hashExample + "c9" + counter + aaguid + id + key + extensions,
			authdata.Data{Flags: authdata.UP | authdata.BE, Credential: credential, Extensions: unhex(t, extensions)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.data.RPIDHash, c.data.SignCount = authdata.HashRPID("example.com"), 0x01020304
			if got := hex.EncodeToString(c.data.Encode()); got != c.encoded {
				t.Errorf("Encode\n got %s\nwant %s", got, c.encoded)
			}
			read, err := authdata.Parse(unhex(t, c.encoded))
			if err != nil {
				t.Fatal(err)
			}
			if read.RPIDHash != c.data.RPIDHash || read.SignCount != c.data.SignCount || !read.Flags.Has(c.data.Flags) {
				t.Errorf("Parse gave %+v", read)
			}
			if !bytes.Equal(read.Extensions, c.data.Extensions) {
				t.Errorf("Parse gave extensions %x", read.Extensions)
			}
			if (read.Credential == nil) != (c.data.Credential == nil) {
				t.Fatalf("Parse gave credential %v", read.Credential)
			}
			if got := read.Credential; got != nil && (got.AAGUID != credential.AAGUID || !bytes.Equal(got.ID, credential.ID) || !bytes.Equal(got.PublicKey, credential.PublicKey)) {
				t.Errorf("Parse gave credential %+v", got)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, encoded string }{
		{"nothing", ""},
		{"36 bytes", hashExample + "01010203"},
		{"a byte too many", hashExample + "01" + counter + "00"},
		{"AT without a credential", hashExample + "41" + counter},
		{"a credential without AT", hashExample + "01" + counter + aaguid + id + key},
		{"a credential id cut short", hashExample + "41" + counter + aaguid + "0003aabb"},
		{"no public key", hashExample + "41" + counter + aaguid + id},
		{"a public key that is no map", hashExample + "41" + counter + aaguid + id + "80"},
		{"a public key cut short", hashExample + "41" + counter + aaguid + id + key[:len(key)-2]},
		{"ED without extensions", hashExample + "81" + counter},
		{"extensions without ED", hashExample + "41" + counter + aaguid + id + key + extensions},
		{"extensions that are no map", hashExample + "81" + counter + "f5"},
		{"two extension maps", hashExample + "81" + counter + extensions + extensions},
	} {
		t.Run(c.name, func(t *testing.T) {
			if data, err := authdata.Parse(unhex(t, c.encoded)); !errors.Is(err, authdata.ErrMalformed) {
				t.Errorf("got %+v with %v, want ErrMalformed", data, err)
			}
		})
	}
}

func TestKeyOfACredential(t *testing.T) {
	ed25519 := "a401010327" + "2006" + "215820" + strings.Repeat("11", 32)
	good := authdata.AttestedCredential{PublicKey: unhex(t, ed25519)}
	if k, err := good.Key(); err != nil || k.Algorithm() != cose.EdDSA {
		t.Errorf("Key: %v, %v", k.Algorithm(), err)
	}
	for _, bad := range []string{"", key, ed25519 + "00"} {
		c := authdata.AttestedCredential{PublicKey: unhex(t, bad)}
		if _, err := c.Key(); !errors.Is(err, cose.ErrMalformed) {
			t.Errorf("Key of %q: %v, want cose.ErrMalformed", bad, err)
		}
	}
}

func TestAnEndlessCredentialIDIsCutAtItsLengthField(t *testing.T) {
	d := authdata.Data{Credential: &authdata.AttestedCredential{ID: make([]byte, 70000), PublicKey: unhex(t, key)}}
	read, err := authdata.Parse(d.Encode())
	if err != nil || len(read.Credential.ID) != 65535 {
		t.Errorf("read %v, want an id of 65535 bytes", err)
	}
}

func TestFlagsNameThemselves(t *testing.T) {
	for flags, want := range map[authdata.Flags]string{
		0: "none", authdata.UP | authdata.AT: "UP AT", 0xff: "UP RFU1 UV BE BS RFU5 AT ED",
	} {
		if got := flags.String(); got != want {
			t.Errorf("%#x is %q, want %q", byte(flags), got, want)
		}
	}
}

// FuzzParse holds Parse to: what it accepts, Encode writes again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", hashExample + "05" + counter, hashExample + "5d" + counter + aaguid + id + key,
		hashExample + "c9" + counter + aaguid + id + key + extensions, hashExample + "41" + counter + aaguid + "ffff",
	} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := authdata.Parse(data)
		if err != nil {
			if !errors.Is(err, authdata.ErrMalformed) {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		if written := read.Encode(); !bytes.Equal(written, data) {
			t.Errorf("%x was read and written as %x", data, written)
		}
	})
}
