package pinuv_test

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// This file computes what the protocols must, a second time and by other means: P-256 by schoolbook arithmetic on the affine
// curve equation, HKDF by its two formulas, CBC one block at a time. The code under test has no say in it.

func number(hexadecimal string) *big.Int {
	n, ok := new(big.Int).SetString(hexadecimal, 16)
	if !ok {
		panic(hexadecimal)
	}
	return n
}

// The curve y² = x³ - 3x + b over the field of p elements, with base point (gx, gy) of order n (SP 800-186 §3.2.1.3).
var (
	p  = number("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff")
	n  = number("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
	b  = number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
	gx = number("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
	gy = number("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
)

// point is affine; nil is the point at infinity.
type point struct{ x, y *big.Int }

func mod(v *big.Int) *big.Int                 { return v.Mod(v, p) }
func times(a, b *big.Int) *big.Int            { return mod(new(big.Int).Mul(a, b)) }
func minus(a, b *big.Int) *big.Int            { return mod(new(big.Int).Sub(a, b)) }
func small(factor int64, v *big.Int) *big.Int { return times(big.NewInt(factor), v) }

func add(q, r *point) *point {
	if q == nil {
		return r
	}
	if r == nil {
		return q
	}
	var slope *big.Int
	if q.x.Cmp(r.x) == 0 {
		if q.y.Cmp(r.y) != 0 {
			return nil
		}
		slope = times(minus(small(3, times(q.x, q.x)), big.NewInt(3)), new(big.Int).ModInverse(small(2, q.y), p))
	} else {
		slope = times(minus(r.y, q.y), new(big.Int).ModInverse(minus(r.x, q.x), p))
	}
	x := minus(minus(times(slope, slope), q.x), r.x)
	return &point{x, minus(times(slope, minus(q.x, x)), q.y)}
}

func multiply(k *big.Int, q *point) (product *point) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		product = add(product, product)
		if k.Bit(i) == 1 {
			product = add(product, q)
		}
	}
	return product
}

func (q *point) onCurve() bool {
	right := mod(new(big.Int).Add(minus(times(q.x, times(q.x, q.x)), small(3, q.x)), b))
	return times(q.y, q.y).Cmp(right) == 0
}

// scalarOf is the private key that 48 bytes of randomness must give.
func scalarOf(wide []byte) *big.Int {
	k := new(big.Int).SetBytes(wide)
	k.Mod(k, new(big.Int).Sub(n, big.NewInt(1)))
	return k.Add(k, big.NewInt(1))
}

// cose is a COSE_Key as a map, to be edited.
func (q *point) cose() map[int]any {
	return map[int]any{1: 2, 3: -25, -1: 1, -2: q.x.FillBytes(make([]byte, 32)), -3: q.y.FillBytes(make([]byte, 32))}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func readPoint(t testing.TB, encoded []byte) *point {
	t.Helper()
	var key map[any]any
	if err := cbor.Unmarshal(encoded, &key); err != nil {
		t.Fatal(err)
	}
	x, _ := key[int64(-2)].([]byte)
	y, _ := key[int64(-3)].([]byte)
	return &point{new(big.Int).SetBytes(x), new(big.Int).SetBytes(y)}
}

func hmac256(key []byte, message ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, part := range message {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// keysOf are the HMAC and the AES key that follow from the x-coordinate of the shared point.
func keysOf(protocol uint, z []byte) (mac, cipher []byte) {
	if protocol == 1 {
		key := sha256.Sum256(z)
		return key[:], key[:]
	}
	pseudorandom := hmac256(make([]byte, 32), z)
	return hmac256(pseudorandom, []byte("CTAP2 HMAC key\x01")), hmac256(pseudorandom, []byte("CTAP2 AES key\x01"))
}

// encryptCBC chains blocks by hand.
func encryptCBC(t testing.TB, key, iv, plaintext []byte) (ciphertext []byte) {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	previous := iv
	for at := 0; at < len(plaintext); at += 16 {
		mixed := make([]byte, 16)
		for i := range mixed {
			mixed[i] = plaintext[at+i] ^ previous[i]
		}
		block.Encrypt(mixed, mixed)
		ciphertext, previous = append(ciphertext, mixed...), mixed
	}
	return ciphertext
}

func TestTheIndependentComputationKnowsItsCurve(t *testing.T) {
	g := &point{gx, gy}
	if !g.onCurve() || multiply(n, g) != nil {
		t.Fatal("the base point is not on the curve, or its order is wrong")
	}
	if got := hex.EncodeToString(multiply(big.NewInt(2), g).x.Bytes()); got != "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978" {
		t.Fatalf("2G has x %s", got)
	}
}
