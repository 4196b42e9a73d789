package subject

import (
	"bufio"
	"fmt"
	"io"
)

// Explain writes what would be done on the pages of a website, and what they would show, without opening any.
func (w Website) Explain(to io.Writer) error {
	rp, err := w.Dial()
	if err != nil {
		return err
	}
	defer rp.Close()
	site := rp.(*website)
	out := bufio.NewWriter(to)
	fmt.Fprintf(out, "%s is a website that is used by its pages, in a browser; its page is at %s\n", rp.Name(), rp.Origin())
	for _, p := range phases() {
		if acts := site.tour.phases[p.phase]; len(acts) > 0 {
			fmt.Fprintf(out, "\n%s, %s\n", p.phase, p.when)
			explainActs(out, acts)
		}
	}
	for _, endpoint := range []Endpoint{CreationOptions, RequestOptions, Removal} {
		c := site.tour.endpoints[endpoint]
		if c == nil {
			continue
		}
		name := map[Endpoint]string{CreationOptions: "registering", RequestOptions: "signing in", Removal: "removing"}[endpoint]
		fmt.Fprintf(out, "\n%s\n", name)
		explainActs(out, c.steps)
		if endpoint != Removal {
			fmt.Fprintf(out, "  the page calls %s, and our authenticator answers\n", functionOf(endpoint))
		}
		fmt.Fprintf(out, "  accepted: %s\n  refused:  %s\n", c.accepted, c.refused)
	}
	fmt.Fprintln(out)
	w.explainRest(out)
	return out.Flush()
}

func explainActs(out io.Writer, acts []*act) {
	for _, a := range acts {
		line := a.String()
		if a.verb == "fill" {
			line += " with " + a.with.String()
		}
		if a.keep != "" {
			line += " as kept." + a.keep
		}
		if a.when != "" {
			line += ", if there is " + a.when
		}
		fmt.Fprintf(out, "  %s\n", line)
	}
}
