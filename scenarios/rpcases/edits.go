package rpcases

import (
	"encoding/json"
	"fmt"
	"strings"
)

// edit changes a text; is says into what, in words that follow the text's name.
type edit struct {
	is   string
	make func(honest string) string
}

// editsOf are lies that change the honest text of a member of client data.
func editsOf(name string, edits ...edit) []Lie {
	var lies []Lie
	for _, e := range edits {
		lies = append(lies, Lie{Is: "its " + name + " " + e.is, Client: editClientData(func(d *ClientData) { d.Set(name, e.make(d.Text(name))) })})
	}
	return lies
}

// affix puts something before and behind a text.
func affix(before, behind string) edit {
	e := edit{make: func(honest string) string { return before + honest + behind }}
	switch {
	case behind == "":
		e.is = fmt.Sprintf("with %q before it", before)
	case before == "":
		e.is = fmt.Sprintf("with %q behind it", behind)
	default:
		e.is = fmt.Sprintf("between %q and %q", before, behind)
	}
	return e
}

// capitalised gives a type a capital letter behind its dot.
func capitalised(honest string) string {
	before, behind, _ := strings.Cut(honest, ".")
	return before + "." + strings.ToUpper(behind[:1]) + behind[1:]
}

// withMember, withJSON and withoutMember are lies about one member of client data.
func withMember(name string, value any) Lie {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("rpcases: a lie that is no JSON: %v", err)) // a mistake in a case
	}
	return withJSON(name, string(encoded))
}

func withJSON(name, value string) Lie {
	return Lie{Is: "client data whose " + name + " is " + shortened(value), Client: editClientData(func(d *ClientData) { d.SetRaw(name, []byte(value)) })}
}

func withoutMember(name string) Lie {
	return Lie{Is: "client data without " + name, Client: editClientData(func(d *ClientData) { d.Delete(name) })}
}

// rewritten is a lie that replaces the bytes of client data.
func rewritten(is string, edit func(honest []byte) []byte) Lie {
	return Lie{Is: is, Client: rawClientData(edit)}
}

// shortened is a text that is short enough for a sentence.
func shortened(text string) string {
	if len(text) <= 60 {
		return text
	}
	return text[:57] + "…"
}
