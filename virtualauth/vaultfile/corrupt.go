package vaultfile

import (
	"fmt"
	"strings"
)

// CorruptError says which parts of a file cannot be read.
type CorruptError struct {
	// Path is the file.
	Path string
	// Damages are in the order of the file, at least one.
	Damages []Damage
}

// Damage is one part of a file that cannot be read.
type Damage struct {
	// Offset and Length are in bytes from the start of the file.
	Offset, Length int64
	// Problem says what is wrong there.
	Problem string
}

// Error names every place, and what to do.
func (e *CorruptError) Error() string {
	var places []string
	for _, d := range e.Damages {
		places = append(places, fmt.Sprintf("at byte %d (%d bytes): %s", d.Offset, d.Length, d.Problem))
	}
	return fmt.Sprintf("vaultfile: %s is damaged %s. Restore it from a copy, or open it with Options.Salvage, which keeps what is readable",
		e.Path, strings.Join(places, "; "))
}

func (e *CorruptError) add(offset, length int64, problem string) {
	e.Damages = append(e.Damages, Damage{Offset: offset, Length: length, Problem: problem})
}
