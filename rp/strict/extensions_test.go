package strict_test

import (
	"errors"
	"testing"

	"github.com/passkeylab/passkeylab/rp/strict"
)

func TestExtensionDataIsAMap(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"none":           {nil, nil},
		"an empty map":   {[]byte{0xa0}, nil},
		"null":           {[]byte{0xf6}, strict.ErrExtensions},
		"undefined":      {[]byte{0xf7}, strict.ErrExtensions},
		"an empty array": {[]byte{0x80}, strict.ErrExtensions},
	} {
		if err := strict.CheckExtensions(test.data); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}
