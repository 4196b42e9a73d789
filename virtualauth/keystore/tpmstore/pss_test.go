package tpmstore

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

func TestTheSaltOfPSSIsThatOfCOSE(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		within(t, store, func(m *machine) error {
			fits, err := saltsLikeCOSE(m)
			if err == nil && !fits {
				t.Error("the salt is not as long as the hash")
			}
			return err
		})
	})
}

// salty is a TPM that signs with the longest salt there is.
type salty struct{ Swtpm }

func (s salty) open(ctx context.Context) (link, error) {
	l, err := s.Swtpm.open(ctx)
	return saltyLink{l}, err
}

type saltyLink struct{ link }

func (l saltyLink) Send(command []byte) ([]byte, error) {
	if tpm2.TPMCC(binary.BigEndian.Uint32(command[6:])) != tpm2.TPMCCSign {
		return l.link.Send(command)
	}
	signature, err := longSalt()
	if err != nil {
		return nil, err
	}
	parameters := append([]byte{0, 0x16, 0, 0x0b, 1, 0}, signature...) // RSAPSS, SHA-256, 256 bytes
	response := binary.BigEndian.AppendUint32([]byte{0x80, 0x02}, uint32(14+len(parameters)+5))
	response = binary.BigEndian.AppendUint32(append(response, 0, 0, 0, 0), uint32(len(parameters)))
	return append(append(response, parameters...), 0, 0, 1, 0, 0), nil // and an empty session
}

func longSalt() ([]byte, error) {
	p, _ := new(big.Int).SetString(probePrime1, 16)
	q, _ := new(big.Int).SetString(probePrime2, 16)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         new(big.Int).ModInverse(big.NewInt(rsaExponent), phi),
		Primes:    []*big.Int{p, q},
	}
	digest := sha256.Sum256(nil)
	return rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto})
}

func TestALongSaltIsNoticed(t *testing.T) {
	store, _ := opened(t, salty{}, Config{})
	if store.Supports(cose.PS256) || !store.Supports(cose.RS256) {
		t.Error("a TPM that salts in another way supports PS256, or not even RS256")
	}
	within(t, store, func(m *machine) error {
		fits, err := saltsLikeCOSE(m)
		if err == nil && fits {
			t.Error("the longest salt passes for one as long as the hash")
		}
		return err
	})
}
