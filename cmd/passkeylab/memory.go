package main

import (
	"os"
	"runtime/debug"
)

// heapGrowth is how far the heap of a server may grow between two collections, in per cent of what lives. What lives in a
// relying party is small and stays the same (texts, templates, the metadata), and what a request makes is garbage at its end:
// with Go's 100 a busy one collects many times a second, and always finds the same.
const heapGrowth = 400

// collectSeldom sets heapGrowth, unless the environment says how often to collect (GOGC). GOMEMLIMIT counts in any case.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
}
