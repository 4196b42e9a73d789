// Command bench measures the authenticator against another one in software, descope/virtualwebauthn, and against what no
// authenticator can be faster than: the signature itself.
//
// All contestants take turns in one run, for a short time each and many times over, and the shortest time of each counts: a
// machine that is busy with something else makes times longer, never shorter, and spoils all alike. What is printed are
// ratios of those times; they mean the same on any machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 20, "how often each contestant takes its turn")
	slice := flag.Duration("slice", 25*time.Millisecond, "how long a turn takes")
	flag.Parse()
	if err := run(*rounds, *slice); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, slice time.Duration) error {
	entrants, err := contestants()
	if err != nil {
		return err
	}
	results, err := race(entrants, rounds, slice)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s, %d cores; the shortest of %d turns of %v each\n\n", runtime.Version(), runtime.GOARCH, runtime.NumCPU(), rounds, slice)
	for _, e := range entrants {
		r := results[e.name]
		fmt.Printf("  %-44s %9.1f µs %7.0f B %5.0f allocations\n", e.name, float64(r.time)/1e3, r.bytes, r.allocations)
	}
	fmt.Println()
	for _, c := range comparisons(results) {
		fmt.Printf("  %-72s %6.2f\n", c.says, c.value)
	}
	for _, a := range aims(results) {
		fmt.Printf("  %-72s %6.2f   aim: %s %.2f: %s\n", a.says, a.value, a.bound, a.limit, a.verdict())
	}
	return nil
}
