package keystore_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

var algorithms = []cose.Algorithm{
	cose.ES256, cose.ES384, cose.ES512, cose.ES256K, cose.ESP256, cose.ESP384, cose.ESP512,
	cose.EdDSA, cose.Ed25519, cose.Ed448,
	cose.RS256, cose.RS384, cose.RS512, cose.PS256, cose.PS384, cose.PS512,
	cose.MLDSA44, cose.MLDSA65, cose.MLDSA87,
}

func seeded(seed byte) io.Reader { return &lonely{reader: rand.NewChaCha8([32]byte{seed})} }

// lonely is a reader that notices when it has company.
type lonely struct {
	busy   atomic.Bool
	reader io.Reader
}

func (l *lonely) Read(p []byte) (int, error) {
	if !l.busy.CompareAndSwap(false, true) {
		return 0, errors.New("two read at once")
	}
	defer l.busy.Store(false)
	runtime.Gosched() // let the others run into it
	return l.reader.Read(p)
}

func TestSoftwarePassesTheSuite(t *testing.T) {
	keystoretest.Run(t, keystoretest.Subject{
		New:        func(*testing.T) keystore.KeyStore { return keystore.NewSoftware(seeded(1)) },
		Broken:     func(*testing.T) keystore.KeyStore { return keystore.NewSoftware(nil) },
		Algorithms: algorithms,
	})
}

// stores are both kinds, each with the same randomness and secret whenever it is made.
var stores = map[string]func(random io.Reader) *keystore.Software{
	"in memory": keystore.NewSoftware,
	"sealed":    func(random io.Reader) *keystore.Software { return keystore.NewSealed(random, [32]byte{9}) },
}

func TestSoftwareRepeatsItselfWithTheSameRandomness(t *testing.T) {
	for name, open := range stores {
		for _, algorithm := range algorithms {
			t.Run(name+"/"+algorithm.String(), func(t *testing.T) {
				run := func(seed byte) (handle keystore.Handle, public, signature []byte) {
					store := open(seeded(seed))
					handle, key, err := store.Create(t.Context(), algorithm)
					if err != nil {
						t.Fatal(err)
					}
					if signature, err = store.Sign(t.Context(), handle, []byte("message")); err != nil {
						t.Fatal(err)
					}
					return handle, key.Encode(), signature
				}
				handle1, public1, signature1 := run(1)
				handle2, public2, signature2 := run(1)
				_, public3, _ := run(2)
				if !bytes.Equal(handle1, handle2) || !bytes.Equal(public1, public2) || !bytes.Equal(signature1, signature2) {
					t.Error("the same seed gave another handle, key or signature")
				}
				if bytes.Equal(public1, public3) {
					t.Error("another seed gave the same key")
				}
			})
		}
	}
}

// A recorded run must replay with later versions too, so what follows from a seed is pinned: SHA-256 of the COSE_Key and of
// a signature behind it.
func TestKeysAndSignaturesStayAsTheyAre(t *testing.T) {
	for _, algorithm := range algorithms {
		store := keystore.NewSoftware(bytes.NewReader(bytes.Repeat([]byte{7}, 48)))
		handle, key, err := store.Create(t.Context(), algorithm)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := store.Sign(t.Context(), handle, []byte("message"))
		if err != nil {
			t.Fatal(err)
		}
		got := pin{fmt.Sprintf("%x", sha256.Sum256(key.Encode())), fmt.Sprintf("%x", sha256.Sum256(signature))}
		if got != pins[algorithm] {
			t.Errorf("%v is now\n{%q, %q}", algorithm, got.key, got.signature)
		}
	}
}

type pin struct{ key, signature string }

var pins = map[cose.Algorithm]pin{
	cose.ES256: {"c675cd334006c0f1bfbdc40caa7dc9710d7099abf03f48b6a280be2094a3a58d",
		"781bcc35d624e86390097159df8dca812ae9dbd4ce5546f40d1798c90779d1df"},
	cose.ES384: {"3e7e66c69c278705cf3262f122dd92bcbd4fa174ce7f8db60bf901b97fc53758",
		"494e542b02a79621f45a43126e2264411492aabd77e0837575c7446cd90c1cbb"},
	cose.ES512: {"d4d371afd22d12435f083f5590369a34e3fa01b95d44ab558ef374866eafaa48",
		"836e340bd5bf79cfd9d382754ca2b00e62cf77ad94608b96f20eae39cbeff57f"},
	cose.ES256K: {"e183ff635b6e0f50e0f699f5a6e9228f9cb81cb508acbddd0d0a34c3313e14ef",
		"e7b53efe477845cbee2c76ad3696a8a9d6406572046ae8aed491fe94d4318d6e"},
	cose.ESP256: {"363bde850103929dcee352af9fec78db0ec0401f437eca94cf7543dba29d47ca",
		"dc2df2393671f17c11065274e451f10a0e4d0b2427b79d0fcd3188382f68f6fe"},
	cose.ESP384: {"a1b50ef17531c7c98e07e45a09f5bad37f2e9d8102870030ecf505b7ae88def9",
		"75605421d31373261f547d47c6033cb47e64ff0f1a7df78c0637baf162301383"},
	cose.ESP512: {"10ed162c369e03136039ec4a38263713e51bf2138656bd21cdbb8dba82f20aee",
		"3b876ebad9732281cdcef1c888a0f070fefea54d710049c88be82873d9eaad46"},
	cose.EdDSA: {"95150bd0ea1e18650f59a671d1704376a619d0406befa788589ecf418619198b",
		"c0a912d3dc2d5b76bd148e2a7b3821e8be862d3a21abda3a0a5d34e2ea1ce701"},
	cose.Ed25519: {"d738fb4c972054219457134df5f30ee91ea40e429f6cb0e9a46fe764810483f6",
		"7c692b1158d4a985f8e08bbd2f2b3137e62802a47fb525914c0b3a0e099b4ad4"},
	cose.Ed448: {"49ef9e821b2b5fb325c24b94a1e3f8843afcb4484da199de1b1ea78975b87315",
		"97ed9162e853c7869b91d48d28d41a2212ae8cef5a9b09bbf54a2143425dc7f4"},
	cose.RS256: {"5f75b1a19391e1b981ef20874b21a00c214774f43ee1c17b368d035676548e1d",
		"dc3f801333e5754f8250a3d0dea7e92be67e5d2f55361d4294ffb17dc1396f38"},
	cose.RS384: {"306edbddf99c5d9827ce67fd511d9bd5595907939aba7c9590f9e335c28b76b4",
		"67475050c54103b3f712833bcbf8aa7feb33ae0566007a415863f3b4a97eac44"},
	cose.RS512: {"0b0093cfc557e166efb2165a9c044ef3adaaf6c2e3b450075fc98e1837454803",
		"143bd0ec0f940ec32c37071f429c99d03e6021089beeb5b93043561f59327854"},
	cose.PS256: {"74763637c0432219b44d1f30d3a81125389522b5113af526a3441e9e03a73615",
		"42f0949db49374a790b228c0e37a677ebebc663ddd0debb7469258cdca068a6a"},
	cose.PS384: {"93f8cd5f384bf02c1d521121413d3c2f4d5cb320a1c4d7499aef13af565aa242",
		"271d6301eef9bee9025801a568f0a366706862b8657a27ac1641d4bf2e0e6ec4"},
	cose.PS512: {"f9422fd4a3b38a72499850f74ff020b3472fee9d2205f529c792689863211bf2",
		"bf3fd91a88aa1a919b980c0956cbab0b7d5555deb6ba4800d7053b37bcdac6a6"},
	cose.MLDSA44: {"b81bb38616fea503ec893255b04fcba4762273e2d3e1b41959fa1f7aad992336",
		"b6a9759ed73cabf05aa4de482946f74227548c5c56429d1d3651258718e3f2b7"},
	cose.MLDSA65: {"cc300cd8f99e626468f2f0e6069af14c331be6d51098cda539c69f9a67222ef5",
		"3486a73e2f340d422317cfe683ca1d088ddf52140218f6e5acfc4480d9854cd5"},
	cose.MLDSA87: {"ce23c6beddf943898ecee92a5fc889dc611c2d99f0447e39b28ab2992c512021",
		"5171ab54f6c770336f8c136ecb7584ef34b2514617e799601ec1c34d7f6619f0"},
}

func TestSoftwareRefusesKeysOfOtherCurves(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P224(), seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	store := keystore.NewSoftware(seeded(1))
	for _, algorithm := range algorithms {
		if _, _, err := store.Import(t.Context(), algorithm, der); !errors.Is(err, keystore.ErrMalformedKey) {
			t.Errorf("Import of a P-224 key for %v: %v, want ErrMalformedKey", algorithm, err)
		}
	}
}

func TestSoftwareSaysThatRandomnessIsMissing(t *testing.T) {
	for name, open := range stores {
		if _, _, err := open(nil).Create(t.Context(), cose.ES256); !errors.Is(err, keystore.ErrNoRandomness) {
			t.Errorf("%s: Create without randomness: %v, want ErrNoRandomness", name, err)
		}
		short := open(bytes.NewReader(make([]byte, 10)))
		if _, _, err := short.Create(t.Context(), cose.ES256); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: Create with 10 bytes of randomness: %v, want io.ErrUnexpectedEOF", name, err)
		}
	}
}
