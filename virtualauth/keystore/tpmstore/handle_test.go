package tpmstore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/binary"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// generator is the generator of P-256 (SP 800-186 §3.2.1.3), a point that is on the curve.
const (
	generatorX = "\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
	generatorY = "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"
)

// publicArea is a public area of an ES256 key, by hand from TPM 2.0 Part 2 §12.2.4: type ECC, name algorithm SHA-256,
// attributes, no policy, no symmetric algorithm, ECDSA with SHA-256, P-256, no KDF, and the point.
func publicArea(x, y string) string {
	return "\x00\x23" + "\x00\x0b" + "\x00\x04\x04\x72" + "\x00\x00" + "\x00\x10" + "\x00\x18\x00\x0b" + "\x00\x03" + "\x00\x10" +
		sizedString(x) + sizedString(y)
}

func sizedString(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }

func handleOf(version, algorithm, public, private string) keystore.Handle {
	return keystore.Handle(version + algorithm + string(bytes.Repeat([]byte{0xaa}, 32)) + sizedString(public) + sizedString(private))
}

const es256 = "\xff\xff\xff\xf9"

var wellFormed = handleOf("\x01", es256, publicArea(generatorX, generatorY), "wrapped")

func TestAHandleIsReadAndWritten(t *testing.T) {
	w, err := decode(wellFormed)
	if err != nil {
		t.Fatal(err)
	}
	if w.algorithm != cose.ES256 || w.parent[0] != 0xaa || string(w.private) != "wrapped" {
		t.Errorf("read as %+v", w)
	}
	if !bytes.Equal(w.encode(), wellFormed) {
		t.Errorf("written as %x", w.encode())
	}
	key, err := w.key()
	if err != nil || !bytes.Contains(key.Encode(), []byte(generatorX)) || !bytes.Contains(key.Encode(), []byte(generatorY)) {
		t.Errorf("the public key is %x, %v", key.Encode(), err)
	}
}

func TestAPublicAreaIsThatOfGoTPM(t *testing.T) {
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic]([]byte(publicArea(generatorX, generatorY)))
	if err != nil {
		t.Fatal(err)
	}
	a := public.ObjectAttributes
	if !a.FixedTPM || !a.FixedParent || !a.SensitiveDataOrigin || !a.UserWithAuth || !a.SignEncrypt || a.Decrypt || a.Restricted {
		t.Errorf("attributes %+v", a)
	}
}

func TestLeadingZerosOfCoordinatesMayBeMissing(t *testing.T) {
	for scalar := uint16(1); ; scalar++ {
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), binary.BigEndian.AppendUint16(make([]byte, 30), scalar))
		if err != nil {
			t.Fatal(err)
		}
		point, err := private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if point[1] != 0 {
			continue
		}
		short := string(bytes.TrimLeft(point[1:33], "\x00"))
		w, err := decode(handleOf("\x01", es256, publicArea(short, string(point[33:])), "wrapped"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := w.key()
		if err != nil || !private.PublicKey.Equal(key.Public()) {
			t.Errorf("the point with an x of %d bytes was read as %v, %v", len(short), key.Public(), err)
		}
		return
	}
}

func TestAPointOffTheCurveIsNoKey(t *testing.T) {
	w, err := decode(handleOf("\x01", es256, publicArea(generatorX, generatorX), "wrapped"))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := w.key(); err == nil {
		t.Errorf("it became %v", key.Public())
	}
}

func TestHandlesOfOtherShapesAreRefused(t *testing.T) {
	good := publicArea(generatorX, generatorY)
	for name, handle := range map[string]keystore.Handle{
		"nothing":                     nil,
		"a header alone":              wellFormed[:headerLength],
		"cut short":                   wellFormed[:len(wellFormed)-1],
		"something behind":            append(bytes.Clone(wellFormed), 0),
		"another version":             handleOf("\x02", es256, good, "wrapped"),
		"an unknown algorithm":        handleOf("\x01", "\x00\x00\x00\x01", good, "wrapped"),
		"the algorithm of other keys": handleOf("\x01", "\xff\xff\xfe\xff", good, "wrapped"),
		"a signing key as a secret":   handleOf("\x01", "\x00\x00\x00\x00", good, "wrapped"),
		"no private part":             handleOf("\x01", es256, good, ""),
		"a huge private part":         handleOf("\x01", es256, good, string(make([]byte, maxPrivate+1))),
		"no public part":              handleOf("\x01", es256, "", "wrapped"),
		"a long coordinate":           handleOf("\x01", es256, publicArea("\x00"+generatorX, generatorY), "wrapped"),
		"an empty coordinate":         handleOf("\x01", es256, publicArea("", generatorY), "wrapped"),
		"a third coordinate":          handleOf("\x01", es256, good+"\x00\x01x", "wrapped"),
		"a key that may be exported":  handleOf("\x01", es256, "\x00\x23\x00\x0b\x00\x04\x04\x62"+good[8:], "wrapped"),
	} {
		if w, err := decode(handle); err == nil {
			t.Errorf("%s was read as %+v", name, w)
		}
	}
}

// FuzzDecode holds decode to its promise: what it accepts is what encode writes, and nothing makes it panic.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(wellFormed))
	f.Add([]byte(wellFormed[:60]))
	f.Add([]byte(handleOf("\x01", "\x00\x00\x00\x00", string(recipes[secret].prefix)+"\x00\x02ab", "wrapped")))
	f.Add([]byte(handleOf("\x01", "\xff\xff\xfe\xff", string(recipes[cose.RS256].prefix)+"\x00\x02ab", "wrapped")))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := decode(data)
		if err != nil {
			return
		}
		if got := w.encode(); !bytes.Equal(got, data) {
			t.Errorf("%x was read and written as %x", data, got)
		}
		_, _ = w.key() // whatever is in it
	})
}
