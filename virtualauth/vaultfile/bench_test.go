package vaultfile

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// BenchmarkSave changes one value of the size of a credential beside many others. Most of it is the disk's time, and none of it
// depends on how many others there are.
func BenchmarkSave(b *testing.B) {
	for _, others := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprint("beside ", others), func(b *testing.B) {
			f := opened(b, testOptions(b))
			values := map[string][]byte{}
			for i := range others {
				values[fmt.Sprint("credential/", i)] = make([]byte, 400)
			}
			if err := f.Save(b.Context(), values); err != nil {
				b.Fatal(err)
			}
			value := make([]byte, 400)
			for b.Loop() {
				binary.BigEndian.PutUint64(value, uint64(b.N))
				if err := f.Save(b.Context(), map[string][]byte{"credential/0": value}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
