package rpcases

import (
	"maps"
	"slices"
)

// FixedDemands are the keys of the clauses that have a fix of their own.
func FixedDemands() []string { return slices.Sorted(maps.Keys(demandFixes)) }
