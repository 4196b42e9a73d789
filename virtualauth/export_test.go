package virtualauth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

// Implemented is the table of the package documentation as the code has it, line by line: the commands with their
// sub-commands by section, the extensions, the PIN/UV auth protocols, and the versions.
func Implemented() (lines []string) {
	bySection := func(a, b string) int {
		number := func(s string) int { n, _ := strconv.Atoi(strings.TrimPrefix(s, "6.")); return n }
		return cmp.Compare(number(commandsBySection()[a].section), number(commandsBySection()[b].section))
	}
	for _, name := range slices.SortedFunc(maps.Keys(commandsBySection()), bySection) {
		command := commandsBySection()[name]
		lines = append(lines, fmt.Sprintf("§%-5s %s", command.section, name))
		if command.subCommands != nil {
			for _, sub := range command.subCommands() {
				lines = append(lines, "           "+sub)
			}
		}
	}
	if names := extensionNames(); len(names) > 0 {
		lines = append(lines, "§12    extensions")
		for _, name := range names {
			lines = append(lines, "           "+name)
		}
	}
	var protocols []string
	for p := range pinuv.Protocol(256) {
		if p.Known() {
			protocols = append(protocols, fmt.Sprint(uint(p)))
		}
	}
	return append(lines,
		"PIN/UV auth protocols: "+strings.Join(protocols, ", "),
		"versions: "+strings.Join(knownVersions, ", "))
}

// commandsBySection are the commands by name.
func commandsBySection() map[string]entry {
	named := map[string]entry{}
	for number, command := range commands {
		named[number.String()] = command
	}
	return named
}
