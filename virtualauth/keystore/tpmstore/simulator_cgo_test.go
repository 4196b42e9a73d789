//go:build cgo

package tpmstore

func resetSimulator(l link) error { return l.(*simulatorLink).power.Reset() }
