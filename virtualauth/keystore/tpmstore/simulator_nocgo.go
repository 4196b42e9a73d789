//go:build !cgo

package tpmstore

import "context"

func (Simulator) open(context.Context) (link, error) { return nil, ErrNoSimulator }
