package main

import (
	"runtime/debug"
	"testing"
)

func TestServerCollectsSeldomUnlessTheEnvironmentSaysHowOften(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	for setting, want := range map[string]int{"": heapGrowth, "50": 50} {
		t.Setenv("GOGC", setting)
		debug.SetGCPercent(50)
		collectSeldom()
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("with GOGC=%q the heap grows by %d %%, want %d", setting, got, want)
		}
	}
}
