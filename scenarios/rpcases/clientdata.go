package rpcases

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/client"
)

// ClientData is collected client data (WebAuthn L3 §5.8.1) as a list of members, so that an edit changes nothing else, not
// even their order.
type ClientData []ClientMember

// ClientMember is one member, its value as JSON.
type ClientMember struct {
	Name  string
	Value json.RawMessage
}

// editClientData is a lie of the client: client data that is hashed and signed as edit leaves it.
func editClientData(edit func(*ClientData)) client.Misbehaviour {
	return client.Misbehaviour{EditClientData: func(honest []byte) []byte {
		data := parseClientData(honest)
		edit(&data)
		return data.encode()
	}}
}

// rawClientData is a lie that replaces the bytes of client data, which are then hashed and signed.
func rawClientData(edit func(honest []byte) []byte) client.Misbehaviour {
	return client.Misbehaviour{EditClientData: edit}
}

func parseClientData(honest []byte) ClientData {
	var data ClientData
	decoder := json.NewDecoder(bytes.NewReader(honest))
	_, err := decoder.Token() // the brace
	for err == nil && decoder.More() {
		var name json.Token
		var member ClientMember
		if name, err = decoder.Token(); err == nil {
			member.Name, _ = name.(string)
			err = decoder.Decode(&member.Value)
		}
		data = append(data, member)
	}
	if err != nil {
		panic(fmt.Sprintf("rpcases: the client's own client data: %v", err))
	}
	return data
}

func (d ClientData) encode() []byte {
	var out bytes.Buffer
	for i, member := range d {
		out.WriteByte(",{"[b2i(i == 0)])
		name, _ := json.Marshal(member.Name) // a string always is JSON
		out.Write(name)
		out.WriteByte(':')
		out.Write(member.Value)
	}
	if len(d) == 0 {
		out.WriteByte('{')
	}
	out.WriteByte('}')
	return out.Bytes()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Set gives a member a value, at its place or, if there is none of that name, at the end.
func (d *ClientData) Set(name string, value any) {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("rpcases: client data that is no JSON: %v", err))
	}
	d.SetRaw(name, encoded)
}

// SetRaw is Set with a value that is JSON already, or is meant not to be.
func (d *ClientData) SetRaw(name string, value []byte) {
	for i := range *d {
		if (*d)[i].Name == name {
			(*d)[i].Value = value
			return
		}
	}
	*d = append(*d, ClientMember{name, value})
}

// Text returns a member that is a string.
func (d *ClientData) Text(name string) string {
	var text string
	for _, member := range *d {
		if member.Name == name {
			_ = json.Unmarshal(member.Value, &text)
		}
	}
	return text
}

// Delete removes a member.
func (d *ClientData) Delete(name string) {
	kept := (*d)[:0]
	for _, member := range *d {
		if member.Name != name {
			kept = append(kept, member)
		}
	}
	*d = kept
}

// wrongClientTypes are lies that give a member of client data, which should be a string, each of the other JSON types.
func wrongClientTypes(name string) []Lie {
	var lies []Lie
	for _, value := range []string{"null", "true", "42", "1.5", "[]", "{}"} {
		lies = append(lies, Lie{
			Is:     "client data whose " + name + " is " + value,
			Client: editClientData(func(d *ClientData) { d.SetRaw(name, []byte(value)) }),
		})
	}
	return lies
}
