package policy

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestParse(t *testing.T) {
	app := uuid.MustParse("dd868f11-004c-544f-b49b-35dacdd504e4")
	for name, c := range map[string]struct {
		document string
		want     Policy
		problem  string
	}{
		"nothing":       {document: "", want: Policy{}},
		"YAML":          {document: "keyRestrictions:\n  isEnforced: true\n  enforcementType: allow\n  aaGuids: [" + app.String() + "]\n", want: AllowList(app)},
		"JSON":          {document: `{"keyRestrictions":{"isEnforced":true,"enforcementType":"block","aaGuids":["` + app.String() + `"]}}`, want: BlockList(app)},
		"unknown name":  {document: "maxPasskey: 3\n", problem: "maxPasskey"},
		"unknown value": {document: "passkeyTypes: sometimes\n", problem: "sometimes"},
		"no AAGUID":     {document: "keyRestrictions: {isEnforced: true, enforcementType: allow, aaGuids: [app]}\n", problem: "UUID"},
		"not YAML":      {document: "\t- {", problem: "policy:"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(c.document))
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %v, want an error that names %q", err, c.problem)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v (%v), want %+v", got, err, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("state: enabled\nmaxPasskeys: 3\n"))
	f.Add([]byte(`{"keyRestrictions":{"isEnforced":true,"enforcementType":"allow","aaGuids":[]}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if p, err := Parse(document); err == nil && p.Validate() != nil {
			t.Errorf("accepted a policy that is not valid: %+v", p)
		}
	})
}
