package virtualauth

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// CFG-021: a list of RP IDs replaces the former one, an empty one too; no list leaves it.
func TestRPIDsForTheMinimumPINLength(t *testing.T) {
	a := New(Model{Config: ConfigModel{SetMinPINLength: true, MaxRPIDs: 2}}, World{Clock: stopped{}, Rand: rand.NewChaCha8([32]byte{1})})
	for _, step := range []struct {
		list any
		want []string
	}{
		{[]string{"a.example", "b.example"}, []string{"a.example", "b.example"}},
		{nil, []string{"a.example", "b.example"}},
		{[]string{"c.example"}, []string{"c.example"}},
		{[]string{}, []string{}},
	} {
		parameters := map[int]any{1: 4}
		if step.list != nil {
			parameters[2] = step.list
		}
		encoded, err := ctap2.Marshal(parameters)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.setMinPINLength(&ctap2.ConfigRequest{Parameters: encoded}); err != nil {
			t.Fatal(err)
		}
		if got := a.settings.MinPINLengthRPIDs; !slices.Equal(got, step.want) {
			t.Errorf("after %v the list is %v, want %v", step.list, got, step.want)
		}
	}
}
