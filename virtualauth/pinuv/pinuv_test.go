package pinuv_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

var protocols = []pinuv.Protocol{pinuv.One, pinuv.Two}

func seeded(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func draw(t testing.TB, random io.Reader, length int) []byte {
	t.Helper()
	drawn := make([]byte, length)
	if _, err := io.ReadFull(random, drawn); err != nil {
		t.Fatal(err)
	}
	return drawn
}

func newAuthenticator(t testing.TB, protocol pinuv.Protocol) *pinuv.Authenticator {
	t.Helper()
	a, err := pinuv.NewAuthenticator(protocol, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// agree performs one key agreement with an authenticator and returns both ends' secrets.
func agree(t testing.TB, a *pinuv.Authenticator) (platform, authenticator *pinuv.Secret) {
	t.Helper()
	key, platform, err := a.Protocol().Encapsulate(seeded(2), a.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if authenticator, err = a.Decapsulate(key); err != nil {
		t.Fatal(err)
	}
	return platform, authenticator
}

func each(t *testing.T, run func(*testing.T, pinuv.Protocol)) {
	for _, protocol := range protocols {
		t.Run(fmt.Sprintf("protocol %d", protocol), func(t *testing.T) { run(t, protocol) })
	}
}

// TestBothEndsComputeWhatTheSpecificationSays follows the randomness of both ends through an independent computation.
func TestBothEndsComputeWhatTheSpecificationSays(t *testing.T) {
	each(t, func(t *testing.T, protocol pinuv.Protocol) {
		g := &point{gx, gy}
		authenticatorDraws, platformDraws := seeded(1), seeded(2)
		authenticatorPoint := multiply(scalarOf(draw(t, authenticatorDraws, 48)), g)
		token := draw(t, authenticatorDraws, 32)
		platformScalar := scalarOf(draw(t, platformDraws, 48))
		z := multiply(platformScalar, authenticatorPoint).x.FillBytes(make([]byte, 32))
		macKey, aesKey := keysOf(uint(protocol), z)

		a := newAuthenticator(t, protocol)
		if got, want := a.PublicKey(), encode(t, authenticatorPoint.cose()); !bytes.Equal(got, want) {
			t.Fatalf("the authenticator's key is\n %x, want\n %x", got, want)
		}
		key, platform, err := protocol.Encapsulate(seeded(2), a.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		if want := encode(t, multiply(platformScalar, g).cose()); !bytes.Equal(key, want) {
			t.Fatalf("the platform's key is\n %x, want\n %x", key, want)
		}
		authenticator, err := a.Decapsulate(key)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Token.Value(); !bytes.Equal(got, token) {
			t.Errorf("the token is %x, want %x", got, token)
		}
		ends := []struct {
			name   string
			secret *pinuv.Secret
			draws  io.Reader
		}{{"platform", platform, platformDraws}, {"authenticator", authenticator, authenticatorDraws}}
		for i, end := range ends {
			message := []byte("a message of " + end.name)
			mac := hmac256(macKey, message)
			if protocol == pinuv.One {
				mac = mac[:16]
			}
			if got := end.secret.Authenticate(message); !bytes.Equal(got, mac) {
				t.Errorf("%s: the MAC is %x, want %x", end.name, got, mac)
			}
			plaintext := draw(t, seeded(3), 64)
			var want []byte
			iv := make([]byte, 16)
			if protocol == pinuv.Two {
				iv = draw(t, end.draws, 16)
				want = iv
			}
			want = append(bytes.Clone(want), encryptCBC(t, aesKey, iv, plaintext)...)
			got, err := end.secret.Encrypt(plaintext)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: encrypted to %x, %v; want %x", end.name, got, err, want)
			}
			if back, err := ends[1-i].secret.Decrypt(want); err != nil || !bytes.Equal(back, plaintext) {
				t.Errorf("the other end of %s decrypted to %x, %v", end.name, back, err)
			}
		}
	})
}

func TestTheSameRandomnessGivesTheSameBytes(t *testing.T) {
	each(t, func(t *testing.T, protocol pinuv.Protocol) {
		one, other := newAuthenticator(t, protocol), newAuthenticator(t, protocol)
		for range 3 {
			if !bytes.Equal(one.PublicKey(), other.PublicKey()) || !bytes.Equal(one.Token.Value(), other.Token.Value()) {
				t.Fatal("two authenticators with the same randomness differ")
			}
			if one.Regenerate() != nil || other.Regenerate() != nil || one.ResetToken() != nil || other.ResetToken() != nil {
				t.Fatal("cannot regenerate")
			}
		}
	})
}

func TestVerifyTakesTheWholeMACAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, protocol pinuv.Protocol) {
		platform, authenticator := agree(t, newAuthenticator(t, protocol))
		message := []byte("message")
		mac := platform.Authenticate(message)
		if len(mac) != protocol.MACLength() {
			t.Errorf("a MAC of %d bytes, want %d", len(mac), protocol.MACLength())
		}
		if err := authenticator.Verify(message, mac); err != nil {
			t.Errorf("the right MAC: %v", err)
		}
		longer := append(bytes.Clone(mac), 0)
		if pinuv.One.Verify([]byte("key"), message, pinuv.Two.Authenticate([]byte("key"), message)) == nil {
			t.Error("protocol one took the 32 bytes of an untruncated MAC")
		}
		flipped := bytes.Clone(mac)
		flipped[0] ^= 0x80
		for name, wrong := range map[string][]byte{
			"nothing": nil, "one byte less": mac[:len(mac)-1], "one byte more": longer, "one bit flipped": flipped, "half": mac[:len(mac)/2],
		} {
			if err := authenticator.Verify(message, wrong); !errors.Is(err, pinuv.ErrMAC) {
				t.Errorf("%s: %v, want ErrMAC", name, err)
			}
		}
		if err := authenticator.Verify([]byte("massage"), mac); !errors.Is(err, pinuv.ErrMAC) {
			t.Errorf("another message: %v, want ErrMAC", err)
		}
	})
}

// TestMalformedKeys: each malformed key is a good one, edited; both ends refuse it.
func TestMalformedKeys(t *testing.T) {
	set := func(label int, value any) func(map[int]any) { return func(k map[int]any) { k[label] = value } }
	drop := func(label int) func(map[int]any) { return func(k map[int]any) { delete(k, label) } }
	zero, pBytes := make([]byte, 32), p.FillBytes(make([]byte, 32))
	other := multiply(big.NewInt(3), &point{gx, gy})
	for _, c := range []struct {
		name string
		edit func(map[int]any)
		good bool
	}{
		{"nothing", func(map[int]any) {}, true},
		{"the algorithm ES256", set(3, -7), true},
		{"no algorithm", drop(3), true},
		{"an unknown label", set(4, []byte{1}), true},
		{"no key type", drop(1), false},
		{"the key type OKP", set(1, 1), false},
		{"the key type as text", set(1, "EC2"), false},
		{"no curve", drop(-1), false},
		{"the curve P-384", set(-1, 2), false},
		{"no x", drop(-2), false},
		{"no y", drop(-3), false},
		{"x of 31 bytes", set(-2, make([]byte, 31)), false},
		{"x of 33 bytes", set(-2, append([]byte{0}, gx.Bytes()...)), false},
		{"y of 31 bytes", set(-3, make([]byte, 31)), false},
		{"x as text", set(-2, string(gx.Bytes()[:0])), false},
		{"y as a sign bit", set(-3, true), false},
		{"y of another point", set(-3, other.y.FillBytes(make([]byte, 32))), false},
		{"the origin", func(k map[int]any) { k[-2], k[-3] = zero, zero }, false},
		{"x beyond the field", set(-2, pBytes), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := (&point{gx, gy}).cose()
			c.edit(key)
			encoded := encode(t, key)
			_, err := newAuthenticator(t, pinuv.Two).Decapsulate(encoded)
			checkKeyError(t, "decapsulate", err, c.good)
			_, _, err = pinuv.Two.Encapsulate(seeded(1), encoded)
			checkKeyError(t, "encapsulate", err, c.good)
		})
	}
	spelled := (&point{gx, gy}).cose()
	spelled[-2] = make([]int, 32) // which CBOR decoders like to take for bytes
	for name, encoded := range map[string][]byte{
		"no bytes": nil, "an array": {0x80}, "half a map": {0xa5, 1, 2}, "two items": {0xa0, 0xa0}, "x as an array": encode(t, spelled),
	} {
		_, err := newAuthenticator(t, pinuv.One).Decapsulate(encoded)
		checkKeyError(t, name, err, false)
	}
}

func checkKeyError(t *testing.T, what string, err error, good bool) {
	t.Helper()
	if good && err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if !good && !errors.Is(err, pinuv.ErrMalformedKey) {
		t.Errorf("%s: %v, want ErrMalformedKey", what, err)
	}
	if status, is := ctap2.StatusOf(err); !good && is {
		t.Errorf("%s: %v says by itself that it is %v, and it is INVALID_PARAMETER", what, err, status)
	}
}

func TestLengthsThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, protocol pinuv.Protocol) {
		platform, _ := agree(t, newAuthenticator(t, protocol))
		for _, length := range []int{1, 15, 17, 63} {
			if _, err := platform.Encrypt(make([]byte, length)); !errors.Is(err, pinuv.ErrCiphertext) {
				t.Errorf("encrypt %d bytes: %v, want ErrCiphertext", length, err)
			}
			if _, err := platform.Decrypt(make([]byte, length)); !errors.Is(err, pinuv.ErrCiphertext) {
				t.Errorf("decrypt %d bytes: %v, want ErrCiphertext", length, err)
			}
		}
		if back, err := platform.Decrypt(make([]byte, 16)); err != nil || len(back) != map[pinuv.Protocol]int{pinuv.One: 16}[protocol] {
			t.Errorf("decrypt 16 bytes: %d bytes, %v", len(back), err)
		}
	})
}

func TestProtocolsThatDoNotExist(t *testing.T) {
	for _, protocol := range []pinuv.Protocol{0, 3, 255} {
		if _, err := pinuv.NewAuthenticator(protocol, seeded(1)); !errors.Is(err, pinuv.ErrUnsupported) {
			t.Errorf("authenticator of protocol %d: %v", protocol, err)
		}
		if _, _, err := protocol.Encapsulate(seeded(1), newAuthenticator(t, pinuv.One).PublicKey()); !errors.Is(err, pinuv.ErrUnsupported) {
			t.Errorf("encapsulate with protocol %d: %v", protocol, err)
		}
	}
}

// TestRandomnessThatEnds cuts the reader off in the middle of each draw.
func TestRandomnessThatEnds(t *testing.T) {
	short := func(length int64) io.Reader { return io.LimitReader(seeded(1), length) }
	for _, length := range []int64{0, 47, 79} {
		if _, err := pinuv.NewAuthenticator(pinuv.Two, short(length)); err == nil {
			t.Errorf("an authenticator was made of %d bytes", length)
		}
	}
	a, err := pinuv.NewAuthenticator(pinuv.Two, short(80))
	if err != nil {
		t.Fatal(err)
	}
	if a.Regenerate() == nil || a.ResetToken() == nil || a.Initialize() == nil {
		t.Error("something was made of nothing")
	}
	if _, _, err := pinuv.Two.Encapsulate(short(47), a.PublicKey()); err == nil {
		t.Error("a platform key was made of 47 bytes")
	}
	_, secret, err := pinuv.Two.Encapsulate(short(63), a.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Encrypt(make([]byte, 16)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an IV was made of 15 bytes: %v", err)
	}
}

func TestRegenerateMakesOldSecretsWorthless(t *testing.T) {
	each(t, func(t *testing.T, protocol pinuv.Protocol) {
		a := newAuthenticator(t, protocol)
		before := a.PublicKey()
		key, platform, err := protocol.Encapsulate(seeded(2), before)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Regenerate(); err != nil {
			t.Fatal(err)
		}
		authenticator, err := a.Decapsulate(key)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before, a.PublicKey()) || authenticator.Verify(nil, platform.Authenticate(nil)) == nil {
			t.Error("the key agreement key is the old one")
		}
	})
}

// FuzzDecapsulate sends anything as a key agreement key; what is accepted must be a point on the curve.
func FuzzDecapsulate(f *testing.F) {
	f.Add(encode(f, (&point{gx, gy}).cose()))
	f.Add([]byte{0xa0})
	f.Add([]byte{0xa5, 1, 2, 3, 0x38, 0x18, 0x20, 1, 0x21, 0x40, 0x22, 0x40})
	a := newAuthenticator(f, pinuv.Two)
	f.Fuzz(func(t *testing.T, key []byte) {
		if _, err := a.Decapsulate(key); err != nil {
			if !errors.Is(err, pinuv.ErrMalformedKey) {
				t.Errorf("%x: %v", key, err)
			}
			return
		}
		if !readPoint(t, key).onCurve() {
			t.Errorf("%x is not on the curve and was accepted", key)
		}
	})
}

// FuzzDecrypt: whatever decrypts, encrypts back to itself where the IV is fixed, and keeps its length where it is not.
func FuzzDecrypt(f *testing.F) {
	f.Add(uint(1), make([]byte, 64))
	f.Add(uint(2), make([]byte, 80))
	f.Add(uint(2), []byte{1})
	platforms := map[pinuv.Protocol]*pinuv.Secret{}
	for _, protocol := range protocols {
		platforms[protocol], _ = agree(f, newAuthenticator(f, protocol))
	}
	f.Fuzz(func(t *testing.T, number uint, ciphertext []byte) {
		secret := platforms[protocols[number%2]]
		plaintext, err := secret.Decrypt(ciphertext)
		if err != nil {
			if !errors.Is(err, pinuv.ErrCiphertext) {
				t.Errorf("%x: %v", ciphertext, err)
			}
			return
		}
		again, err := secret.Encrypt(plaintext)
		if err != nil || len(again) != len(ciphertext) || secret.Protocol() == pinuv.One && !bytes.Equal(again, ciphertext) {
			t.Errorf("%x became %x, %v", ciphertext, again, err)
		}
	})
}
