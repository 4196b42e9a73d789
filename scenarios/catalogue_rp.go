package scenarios

import "github.com/passkeylab/passkeylab/scenarios/rpcases"

// RelyingParties lists the cases of every relying party, in the order of a report.
func RelyingParties() ([]Case, error) {
	var all []Case
	for _, c := range rpcases.Cases() {
		all = append(all, Case{
			ID: c.ID, Sentence: c.Says, Group: c.Group(), Level: string(c.Level), Clause: c.Clause.String(), Aliases: c.Aliases,
		})
	}
	return all, nil
}
