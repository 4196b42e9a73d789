// Package derive makes private numbers of random bytes that it is given: the same ones of the same bytes. The key generators of
// Go's crypto packages ignore the reader that they are given, and a run that was recorded could not be repeated with keys that
// differ each time.
package derive

import "math/big"

// Scalar reduces wide bytes, which have 128 bits more than the order n or more still, to a number from 1 to n-1. The result is as
// good as uniform (FIPS 186-5 §A.2.1). It is returned big endian, at the length of n.
func Scalar(wide []byte, n *big.Int) []byte {
	one := big.NewInt(1)
	number := new(big.Int).SetBytes(wide)
	number.Mod(number, new(big.Int).Sub(n, one)).Add(number, one)
	return number.FillBytes(make([]byte, (n.BitLen()+7)/8))
}
