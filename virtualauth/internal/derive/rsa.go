package derive

import (
	"crypto/rsa"
	"io"
	"math/big"
)

const (
	rsaBits     = 2048
	rsaExponent = 65537
	// rounds of Miller-Rabin beside the Baillie-PSW test; FIPS 186-5 table B.1 asks for 5 with primes of 1024 bits.
	rounds = 5
	// sieveLimit bounds the primes that candidates are sieved with. Beyond it the sieve costs more than it saves.
	sieveLimit = 1 << 13
)

// RSA finds a key with 2048 bits and the exponent 65537 in a stream that decides it. It fails only with the stream.
func RSA(stream io.Reader) (*rsa.PrivateKey, error) {
	sieve := oddPrimes(sieveLimit)
	p, err := searchPrime(stream, sieve)
	if err != nil {
		return nil, err
	}
	q, err := searchPrime(stream, sieve)
	if err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         new(big.Int).ModInverse(big.NewInt(rsaExponent), phi),
		Primes:    []*big.Int{p, q},
	}
	private.Precompute()
	return private, private.Validate()
}

// searchPrime returns the first prime behind a random start whose two upper bits are set, so that the product of two has
// all its bits, and which the exponent allows. Sieving leaves one candidate in eight for the slow test and changes nothing
// about the result.
func searchPrime(stream io.Reader, sieve []uint64) (*big.Int, error) {
	bytes := make([]byte, rsaBits/16)
	if _, err := io.ReadFull(stream, bytes); err != nil {
		return nil, err
	}
	bytes[0] |= 0xc0
	bytes[len(bytes)-1] |= 1
	start := new(big.Int).SetBytes(bytes)
	residues := make([]uint64, len(sieve))
	for i, prime := range sieve {
		residues[i] = remainder(start, prime)
	}
	toExponent := remainder(start, rsaExponent)
	candidate := new(big.Int)
	for delta := uint64(0); ; delta += 2 {
		if divisible(residues, sieve, delta) || (toExponent+delta)%rsaExponent == 1 {
			continue
		}
		if candidate.Add(start, new(big.Int).SetUint64(delta)).ProbablyPrime(rounds) {
			return candidate, nil
		}
	}
}

func remainder(n *big.Int, prime uint64) uint64 {
	return new(big.Int).Mod(n, new(big.Int).SetUint64(prime)).Uint64()
}

// divisible reports whether a number delta above one with these residues has a divisor in the sieve. All of them are far
// smaller than the numbers.
func divisible(residues, sieve []uint64, delta uint64) bool {
	for i, prime := range sieve {
		if (residues[i]+delta)%prime == 0 {
			return true
		}
	}
	return false
}

// oddPrimes returns the odd primes below a limit.
func oddPrimes(limit int) []uint64 {
	var primes []uint64
	composite := make([]bool, limit)
	for n := 3; n < limit; n += 2 {
		if composite[n] {
			continue
		}
		primes = append(primes, uint64(n))
		for multiple := n * n; multiple < limit; multiple += 2 * n {
			composite[multiple] = true
		}
	}
	return primes
}
