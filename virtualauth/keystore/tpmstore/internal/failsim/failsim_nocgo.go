//go:build !cgo

package failsim

// Fail does nothing where there is no simulator.
func Fail() {}
