package hybrid

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew from the second implementation")

const vectorFile = "testdata/vectors.json"

// storedVectors are those of the file, which the second implementation made once.
func storedVectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var stored []vector
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestTheSecondImplementationStillMakesTheVectors(t *testing.T) {
	made := secondVectors()
	if *update {
		text, err := json.MarshalIndent(made, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorFile, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored := storedVectors(t); !reflect.DeepEqual(stored, made) {
		t.Errorf("the file has\n%+v\nnot\n%+v", stored, made)
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keyFrom(t testing.TB, wide string) *ecdh.PrivateKey {
	t.Helper()
	key, err := newKey(bytes.NewReader(unhex(t, wide)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Everything that the first implementation makes of the vectors' material is what the second made of it.
func TestBothImplementationsAgree(t *testing.T) {
	for _, v := range storedVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			checkQR(t, v)
			checkKeys(t, v)
			checkAdvert(t, v)
			checkHandshake(t, v)
		})
	}
}

func equal(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if hex.EncodeToString(got) != want {
		t.Errorf("%s is\n%x, not\n%s", what, got, want)
	}
}

func checkQR(t *testing.T, v vector) {
	if v.QR == "" {
		return
	}
	q, err := ParseQR(v.QR)
	if err != nil {
		t.Fatal(err)
	}
	want := QR{
		PublicKey: compress(keyFrom(t, v.StaticWide).PublicKey()), Secret: [16]byte(unhex(t, v.Secret)), Domains: 2,
		Made: time.Unix(int64(v.Unix), 0).UTC(), Linking: v.Linking, Hint: Hint(v.Hint),
	}
	if !reflect.DeepEqual(q, want) {
		t.Errorf("the QR code says %+v, not %+v", q, want)
	}
	if q.String() != v.QR {
		t.Errorf("the QR code became %s", q)
	}
	equal(t, "the client's point", q.client().Bytes(), hex.EncodeToString(keyFrom(t, v.StaticWide).PublicKey().Bytes()))
}

func checkKeys(t *testing.T, v vector) {
	for i, want := range v.Keys {
		got, err := keyFor(unhex(t, v.Secret), unhex(t, v.Plain), purpose(i+1), 64)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "a derived key", got, want)
	}
	tunnel, err := keyFor(unhex(t, v.Secret), nil, purposeTunnelID, tunnelIDLength)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the tunnel id", tunnel, v.TunnelID)
}

func checkAdvert(t *testing.T, v vector) {
	key, err := keyFor(unhex(t, v.Secret), unhex(t, v.Salt), purposeEIDKey, eidKeyLength)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEID(bytes.NewReader(unhex(t, v.Nonce)), [3]byte(unhex(t, v.Routing)), v.Domain)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the plaintext advert", e[:], v.Plain)
	advert, err := e.seal(key)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the advert", advert[:], v.Advert)
	opened, ours := Advert(unhex(t, v.Advert)).open(key)
	if !ours || opened != e || opened.routing() != [3]byte(unhex(t, v.Routing)) || opened.domain() != v.Domain {
		t.Errorf("the advert opens as %x, %v", opened, ours)
	}
	if name, known := DomainName(opened.domain()); !known || name != v.DomainName {
		t.Errorf("the tunnel server is %s, not %s", name, v.DomainName)
	}
}

// A-HYB-010: both patterns, both ends.
func checkHandshake(t *testing.T, v vector) {
	psk, static := unhex(t, v.PSK), keyFrom(t, v.StaticWide)
	client, phone := bytes.NewReader(unhex(t, v.ClientWide)), bytes.NewReader(unhex(t, v.PhoneWide))
	var i *initiator
	var first, second []byte
	var o outcome
	var err error
	if v.Pattern == "KNpsk0" {
		i, first, err = initiateKN(client, psk, static)
		if err == nil {
			o, second, err = responder{psk: psk}.respondKN(phone, static.PublicKey(), first)
		}
	} else {
		i, first, err = initiateNK(client, psk, static.PublicKey())
		if err == nil {
			o, second, err = responder{psk: psk, identity: static}.respondNK(phone, first)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the first message", first, v.First)
	equal(t, "the second message", second, v.Second)
	equal(t, "the client's key", o.client[:], v.ClientKey)
	equal(t, "the phone's key", o.phone[:], v.PhoneKey)
	equal(t, "the hash", o.hash[:], v.Hash)
	if theirs, err := i.finish(unhex(t, v.Second)); err != nil || theirs != o {
		t.Errorf("the client finished with %+v, %v", theirs, err)
	}
	signature, err := linkSignature(keyFrom(t, v.PhoneWide), static.PublicKey(), o.hash)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the signature of a link", signature, v.LinkSignature)
	checkFrames(t, v, o)
}

func checkFrames(t *testing.T, v vector, o outcome) {
	ends := [2]*crypter{clientCrypter(o), phoneCrypter(o)}
	message := unhex(t, v.Message)
	for n, want := range v.Frames {
		sent := message
		if n%2 == 1 {
			sent = message[n/2:]
		}
		frame, err := ends[n%2].seal(pad(sent))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "a frame", frame, want)
		if got, err := ends[1-n%2].open(frame); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("frame %d opens as %x, %v", n, got, err)
		}
	}
}
