package mutants

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/reports"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// Row is one mutant, and who caught it.
type Row struct {
	Mutant
	// Caught are the cases that failed and cite its clause; Elsewhere are those that failed and cite another.
	Caught, Elsewhere []string
	// Citing is how many cases cite the clause.
	Citing int
}

// Matrix is all mutants.
type Matrix []Row

// Killed is how many mutants were caught by a case that cites their clause; Noticed counts those caught by any.
func (m Matrix) Killed() (killed, noticed int) {
	for _, row := range m {
		if len(row.Caught) > 0 {
			killed++
		}
		if len(row.Caught)+len(row.Elsewhere) > 0 {
			noticed++
		}
	}
	return killed, noticed
}

// Open are the mutants that no case with their clause caught.
func (m Matrix) Open() []Row {
	return slices.DeleteFunc(slices.Clone(m), func(r Row) bool { return len(r.Caught) > 0 })
}

// Print writes the matrix as a table, and the kill rate below it.
func (m Matrix) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MUTANT: WITHOUT\tCLAUSE\tDEMAND\tCASES\tCAUGHT BY")
	for _, row := range m {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", row.Name, row.Clause, row.Clause.Slug, len(row.Caught)+len(row.Elsewhere), row.by())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	killed, noticed := m.Killed()
	_, err := fmt.Fprintf(w, "\n%d mutants: %d caught by a case that cites their clause (%.1f %%), %d more by other cases, %d by none.\n",
		len(m), killed, 100*float64(killed)/float64(max(1, len(m))), noticed-killed, len(m)-noticed)
	return err
}

// by is who caught the mutant, in a few words.
func (r Row) by() string {
	some := func(ids []string) string {
		text := ids[0]
		if len(ids) > 1 {
			text += fmt.Sprintf(" and %d more", len(ids)-1)
		}
		return text
	}
	switch {
	case len(r.Caught) > 0:
		return some(r.Caught)
	case len(r.Elsewhere) > 0:
		return "OPEN: only " + some(r.Elsewhere) + ", which cites another clause"
	case r.Citing > 0:
		return fmt.Sprintf("OPEN: %d cases cite the clause, and none fails", r.Citing)
	}
	return "OPEN: no case cites the clause"
}

// Cites reports whether a case cites a mutant's clause: the same demand of the same specification.
func Cites(c rpcases.Case, m Mutant) bool {
	return c.Clause.Key() == m.Clause.Key() || slices.ContainsFunc(m.Also, func(other conformance.Clause) bool { return other.Key() == c.Clause.Key() })
}

// Hold holds cases against mutants. Without all, only cases that cite a mutant's clause are tried, and only until one catches
// it.
func (l *Laboratory) Hold(ctx context.Context, cases []rpcases.Case, mutants []Mutant, all bool) (Matrix, error) {
	honest, err := each(cases, func(c rpcases.Case) (Held, error) { return l.hold(ctx, Mutant{}, c, l.strictest(c)) })
	if err != nil {
		return nil, err
	}
	return each(mutants, func(m Mutant) (Row, error) {
		row := Row{Mutant: m}
		for i, c := range cases {
			cites := Cites(c, m)
			if cites {
				row.Citing++
			}
			if !suspects(m, honest[i]) || !all && (!cites || len(row.Caught) > 0) {
				continue
			}
			h, err := l.hold(ctx, m, c, l.strictest(c))
			switch {
			case err != nil:
				return row, err
			case h.State != reports.Failed:
			case cites:
				row.Caught = append(row.Caught, c.ID)
			default:
				row.Elsewhere = append(row.Elsewhere, c.ID)
			}
		}
		return row, nil
	})
}

// suspects reports whether a case that went so with the honest relying party may go otherwise with a mutant.
func suspects(m Mutant, honest Held) bool {
	if honest.State.Bad() || honest.State == reports.Skipped {
		return false
	}
	return m.Deed || slices.Contains(honest.Refused, m.Without)
}
