package derive

import (
	"bytes"
	"math/big"
	"testing"
)

// primeAbove returns the first prime of the form start + k × step.
func primeAbove(start *big.Int, step int64) *big.Int {
	for p := new(big.Int).Set(start); ; p.Add(p, big.NewInt(step)) {
		if p.ProbablyPrime(1) {
			return p
		}
	}
}

func TestSearchPrimeTakesTheFirstThatTheExponentAllows(t *testing.T) {
	sieve := oddPrimes(sieveLimit)
	search := func(start *big.Int) *big.Int {
		t.Helper()
		found, err := searchPrime(bytes.NewReader(start.Bytes()), sieve)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	low := new(big.Int).Lsh(big.NewInt(3), rsaBits/2-2) // the smallest start there is
	low.Add(low, big.NewInt(1))
	prime := primeAbove(low, 2)
	if got := search(low); got.Cmp(prime) != 0 {
		t.Errorf("from %x: got %x, want %x", low, got, prime)
	}
	if got := search(prime); got.Cmp(prime) != 0 {
		t.Errorf("from a prime: got %x, want the prime itself", got)
	}

	// One above a multiple of the exponent: a key with such a prime has no private exponent.
	first := new(big.Int).Sub(low, new(big.Int).Mod(low, big.NewInt(2*rsaExponent)))
	first.Add(first, big.NewInt(2*rsaExponent+1))
	forbidden := primeAbove(first, 2*rsaExponent)
	want := primeAbove(new(big.Int).Add(forbidden, big.NewInt(2)), 2)
	if got := search(forbidden); got.Cmp(want) != 0 {
		t.Errorf("from a prime that the exponent forbids: got %x, want %x", got, want)
	}
}

func TestSearchPrimeFailsWithItsStream(t *testing.T) {
	if p, err := searchPrime(bytes.NewReader(make([]byte, rsaBits/16-1)), nil); err == nil {
		t.Errorf("got %x out of a stream that is too short", p)
	}
}

func TestOddPrimes(t *testing.T) {
	primes := oddPrimes(sieveLimit)
	if len(primes) != 1027 { // there are 1028 primes below 2^13, with 2
		t.Errorf("%d primes", len(primes))
	}
	for _, p := range primes {
		if !new(big.Int).SetUint64(p).ProbablyPrime(0) {
			t.Errorf("%d is none", p)
		}
	}
}
