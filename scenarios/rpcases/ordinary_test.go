package rpcases

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// One signature in 128 has a number with a leading zero: among these there would be some.
func TestHonestSignaturesHaveTwoFullNumbers(t *testing.T) {
	k := &keys{Software: keystore.NewSoftware(rand.NewChaCha8([32]byte{1}))}
	handle, _, err := k.Create(t.Context(), cose.ES256)
	if err != nil {
		t.Fatal(err)
	}
	replaced := 0
	for i := range 1000 {
		message := binary.BigEndian.AppendUint64(nil, uint64(i))
		signature, err := k.Sign(t.Context(), handle, message)
		if err != nil || short(signature) {
			t.Fatalf("message %d: %x, %v", i, signature, err)
		}
		if usual, _ := k.Software.Sign(t.Context(), handle, message); short(usual) {
			replaced++
		}
	}
	if replaced == 0 {
		t.Error("none would have been short, so that nothing was seen here")
	}
}
