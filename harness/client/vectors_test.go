package client

import (
	"bytes"
	"crypto/ecdh"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/big"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// seeded are the pseudo-random values of the vectors: SHA-256("WebAuthn PRF test vectors" ‖ index).
func seeded(index byte) []byte {
	sum := sha256.Sum256(append([]byte("WebAuthn PRF test vectors"), index))
	return sum[:]
}

// drawn is what a key agreement reads so that its private key is the one given, and an IV behind it: scalars are drawn by
// reducing 48 bytes modulo n-1 and adding one.
func drawn(private, iv []byte) io.Reader {
	wide := new(big.Int).Sub(new(big.Int).SetBytes(private), big.NewInt(1)).FillBytes(make([]byte, 48))
	return bytes.NewReader(slices.Concat(wide, iv))
}

// The vectors of WebAuthn L3 §16.17.1.2: what the client encrypts, and what it decrypts.
func TestPRFVectors(t *testing.T) {
	authenticator, err := ecdh.P256().NewPrivateKey(seeded(5))
	if err != nil {
		t.Fatal(err)
	}
	if new(big.Int).SetBytes(seeded(4)).Cmp(elliptic.P256().Params().N) >= 0 {
		t.Fatal("the platform's key is none")
	}
	point := authenticator.PublicKey().Bytes()
	public, err := ctap2.Marshal(map[int]any{1: 2, 3: -25, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	input := func(index byte) base64url { return append([]byte("WebAuthn PRF test vectors"), index) }
	first := "3c33e07d202c3b029cc21f1722767021bf27d595933b3d2b6a1b9d5dddc77fae"
	second := "a62a8773b19cda90d7ed4ef72a80a804320dbd3997e2f663805ad1fd3293d50b"
	for _, v := range []struct {
		protocol            pinuv.Protocol
		values              prfValues
		iv                  []byte
		saltEnc, output     string
		first, second, salt string
	}{
		{pinuv.Two, prfValues{First: input(2)}, seeded(7)[:16],
			"23dde5e3462daf36559b85c4ac5f9656aa9bfd81c1dc2bf8533c8b9f3882854786b4f500e25b4e3d81f7fc7c74236229",
			"3bfaa48f7952330d63e35ff8cd5bca48d2a12823828915749287256ab146272f9fb437bf65691243c3f504bd7ea6d5e6", first, "",
			"527413ebb48293772df30f031c5ac4650c7de14bf9498671ae163447b6a772b3"},
		{pinuv.Two, prfValues{First: input(2), Second: new(input(3))}, seeded(8)[:16],
			"d9f4236403e0fe843a8e4e5be764d120904c198ad6e77b089876a3391961f183b0008b4ca66b91cd72aa35b6151ff981f6e5649f3c040e6615ad7dd8ae96ef23b229a5c97c3f0dcd8605eee166ce163a",
			"90ee52f739043bc17b3488a74306d7801debb5b61f18662c648a25b5b5678ede482cdaff99a537a44f064fcb10ce6e04dfd27619dc96a0daff8507e499296b1eecf0981f7c8518b277a7a3018f5ec6fb", first, second,
			"527413ebb48293772df30f031c5ac4650c7de14bf9498671ae163447b6a772b3d68ac03329a10ee5e0ec834492bb9a96a0e547baf563bf78ccbe8789b22e776b"},
		{pinuv.One, prfValues{First: input(2)}, nil,
			"ab8c878bb05d04700f077ed91845ec9c503c925cb12b327ddbeb4243c397f913",
			"15d4e4f3f04109b492b575c1b38c28585b6719cf8d61304215108d939f37ccfb", first, "",
			"527413ebb48293772df30f031c5ac4650c7de14bf9498671ae163447b6a772b3"},
	} {
		key, secret, err := v.protocol.Encapsulate(drawn(seeded(4), v.iv), public)
		if err != nil {
			t.Fatal(err)
		}
		a := &agreement{protocol: v.protocol, key: key, secret: secret}
		if got := hex.EncodeToString(v.values.salts()); got != v.salt {
			t.Errorf("salts %s, want %s", got, v.salt)
		}
		in, err := secretInput(a, v.values.salts())
		if err != nil || hex.EncodeToString(in.SaltEnc) != v.saltEnc {
			t.Errorf("protocol %d: saltEnc %x, %v, want %s", v.protocol, in.SaltEnc, err, v.saltEnc)
		}
		if want := map[bool]uint{true: 2}[v.protocol == pinuv.Two]; in.PINUVAuthProtocol != want {
			t.Errorf("protocol %d is named %d", v.protocol, in.PINUVAuthProtocol)
		}
		encrypted, err := hex.DecodeString(v.output)
		if err != nil {
			t.Fatal(err)
		}
		extensions, err := ctap2.Marshal(map[string]any{"hmac-secret": encrypted})
		if err != nil {
			t.Fatal(err)
		}
		outputs, err := secretOutput(a, authdata.Data{Extensions: extensions}.Encode(), "hmac-secret")
		if err != nil || hex.EncodeToString(outputs[0]) != v.first || len(outputs) > 1 != (v.second != "") || v.second != "" && hex.EncodeToString(outputs[1]) != v.second {
			t.Errorf("protocol %d: outputs %x, %v", v.protocol, outputs, err)
		}
	}
}

// FuzzBlobEntry reads what may stand in a large-blob array: it must never be taken for a blob by accident.
func FuzzBlobEntry(f *testing.F) {
	sealed, err := sealBlob(bytes.NewReader(make([]byte, 12)), make([]byte, 32), []byte("blob"))
	if err != nil {
		f.Fatal(err)
	}
	seed, err := ctap2.Marshal(sealed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte{0xa3, 1, 0x40, 2, 0x4c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0})
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var e blobEntry
		if ctap2.Unmarshal(data, &e) != nil {
			return
		}
		if blob, err := e.open(make([]byte, 32)); err == nil && uint64(len(blob)) != e.Size {
			t.Errorf("%x opens as %q", data, blob)
		}
		if _, err := e.open(bytes.Repeat([]byte{1}, 32)); err == nil {
			t.Errorf("%x opens with another key", data)
		}
	})
}
