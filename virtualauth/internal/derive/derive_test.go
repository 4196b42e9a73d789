package derive

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"testing"
)

func TestScalarsAreBetweenOneAndTheOrder(t *testing.T) {
	n := elliptic.P256().Params().N
	last := new(big.Int).Sub(n, big.NewInt(1))
	times := func(k int64, more int64) []byte { // k × (n-1) + more, in 48 bytes
		wide := new(big.Int).Mul(last, big.NewInt(k))
		return wide.Add(wide, big.NewInt(more)).FillBytes(make([]byte, 48))
	}
	for name, c := range map[string]struct {
		wide []byte
		want *big.Int
	}{
		"zero is one":                {make([]byte, 48), big.NewInt(1)},
		"one less than the order":    {times(1, -1), last},
		"and around":                 {times(1, 0), big.NewInt(1)},
		"a thousand times around":    {times(1000, 41), big.NewInt(42)},
		"all ones, whatever that is": {bytes.Repeat([]byte{0xff}, 48), nil},
	} {
		got := Scalar(c.wide, n)
		if number := new(big.Int).SetBytes(got); len(got) != 32 || c.want != nil && number.Cmp(c.want) != 0 || number.Sign() == 0 || number.Cmp(n) >= 0 {
			t.Errorf("%s: %x", name, got)
		}
	}
	if got := Scalar(make([]byte, 82), elliptic.P521().Params().N); len(got) != 66 {
		t.Errorf("a scalar of P-521 in %d bytes", len(got))
	}
}
