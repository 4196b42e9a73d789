package policy

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed samples/*.yaml
var sampleFiles embed.FS

// The names of the policies that ship with the program.
const (
	SampleOpen        = "open"
	SampleApprovedApp = "approved-app"
	SampleAttested    = "attested"
)

// Samples returns their names.
func Samples() []string { return []string{SampleOpen, SampleApprovedApp, SampleAttested} }

// SampleDocument returns the text of one of them.
func SampleDocument(name string) ([]byte, error) {
	if !slices.Contains(Samples(), name) {
		return nil, fmt.Errorf("policy: there is no sample %q; use one of %s", name, strings.Join(Samples(), ", "))
	}
	return sampleFiles.ReadFile(path.Join("samples", name+".yaml"))
}

// Sample returns one of the policies that ship with the program.
func Sample(name string) (Policy, error) {
	document, err := SampleDocument(name)
	if err != nil {
		return Policy{}, err
	}
	return Parse(document)
}
