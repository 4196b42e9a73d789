package rp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
)

// This file reads responses more exactly than the library does, which takes the name of a member in letters of any case, the last
// of two members, null for what is missing, and base64url that is none.

// The members that are base64url: of a response (WebAuthn L3 §5.1), and of its member response (§5.2.1, §5.2.2).
var (
	base64urlMembers          = []string{"id", "rawId"}
	base64urlCreationMembers  = []string{"clientDataJSON", "attestationObject"}
	base64urlAssertionMembers = []string{"clientDataJSON", "authenticatorData", "signature", "userHandle"}
)

// readEnvelope reads a RegistrationResponseJSON or AuthenticationResponseJSON into what the library reads: the members that count.
// encoded are the members of its member response that are base64url. What a client says beside what is signed, such as a public
// key, is nothing that we know.
func readEnvelope(body []byte, encoded []string) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("the body has %d bytes, more than %d", len(body), MaxBody)
	}
	members, err := exactMembers(body)
	if err != nil {
		return nil, fmt.Errorf("the body: %w", err)
	}
	response, err := exactMembers(members["response"])
	if err != nil {
		return nil, fmt.Errorf("response: %w", err)
	}
	if results, there := members["clientExtensionResults"]; there && !bytes.HasPrefix(results, []byte("{")) {
		return nil, errors.New("clientExtensionResults is no object")
	}
	if string(response["userHandle"]) == "null" {
		delete(response, "userHandle")
	}
	if err := errors.Join(checkBase64url(members, base64urlMembers), checkBase64url(response, encoded)); err != nil {
		return nil, err
	}
	if members["response"], err = json.Marshal(only(response, append([]string{"transports"}, encoded...))); err != nil {
		return nil, fmt.Errorf("response: %w", err)
	}
	return json.Marshal(only(members, append([]string{"response", "type", "authenticatorAttachment", "clientExtensionResults"}, base64urlMembers...)))
}

// only are the members of these names.
func only(members map[string]json.RawMessage, names []string) map[string]json.RawMessage {
	kept := make(map[string]json.RawMessage, len(names))
	for _, name := range names {
		if value, there := members[name]; there {
			kept[name] = value
		}
	}
	return kept
}

// checkBase64url checks those members that are there.
func checkBase64url(members map[string]json.RawMessage, names []string) error {
	for _, name := range names {
		value, there := members[name]
		if !there {
			continue
		}
		text, err := exactText(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil || strings.ContainsAny(text, "\r\n") {
			return fmt.Errorf("%s is no base64url without padding", name)
		}
	}
	return nil
}

// exactMembers reads one JSON object and nothing else. Two members of the same name are an error: nobody can say which of the two
// another reader would take.
func exactMembers(encoded []byte) (map[string]json.RawMessage, error) {
	if len(encoded) == 0 {
		return nil, errors.New("it is missing")
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("it is no JSON: %w", err)
		}
		text, _ := name.(string) // what else a name would be is no JSON
		if _, there := members[text]; there {
			return nil, fmt.Errorf("it has two members %q", text)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("it is no JSON: %w", err)
		}
		members[text] = value
	}
	if _, err := decoder.Token(); err != nil { // the brace
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind it")
	}
	return members, nil
}

// exactText reads a JSON string; null is none.
func exactText(value json.RawMessage) (string, error) {
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return "", errors.New("it is no string")
	}
	return *text, nil
}

// byteOrderMark may stand before client data, and is no part of its text (WebAuthn L3 §7.1 step 5, §7.2 step 8).
var byteOrderMark = []byte("\ufeff")

// collected reads client data into what the library reads: the members that are known, each of the kind that it must be.
func collected(clientData []byte) (protocol.URLEncodedBase64, error) {
	members, err := exactMembers(bytes.TrimPrefix(clientData, byteOrderMark))
	if err != nil {
		return nil, fmt.Errorf("client data: %w", err)
	}
	known := map[string]json.RawMessage{}
	for _, name := range []string{"type", "challenge", "origin", "topOrigin"} {
		value, there := members[name]
		if !there {
			continue
		}
		if _, err := exactText(value); err != nil {
			return nil, fmt.Errorf("client data: %s: %w", name, err)
		}
		known[name] = value
	}
	if value, there := members["crossOrigin"]; there {
		if text := string(value); text != "true" && text != "false" {
			return nil, errors.New("client data: crossOrigin is neither true nor false")
		}
		known["crossOrigin"] = value
	}
	if value, there := members["tokenBinding"]; there {
		known["tokenBinding"] = value // the library refuses what no browser ever sent
	}
	encoded, err := json.Marshal(known)
	if err != nil {
		return nil, fmt.Errorf("client data: %w", err)
	}
	return encoded, nil
}

// parseCreation reads a RegistrationResponseJSON. Nothing in it is trusted yet.
func parseCreation(body []byte) (*protocol.ParsedCredentialCreationData, error) {
	var response protocol.CredentialCreationResponse
	exact, err := readEnvelope(body, base64urlCreationMembers)
	if err == nil {
		err = json.Unmarshal(exact, &response)
	}
	if err != nil {
		return nil, err
	}
	signed := response.AttestationResponse.ClientDataJSON
	if response.AttestationResponse.ClientDataJSON, err = collected(signed); err != nil {
		return nil, err
	}
	parsed, err := response.Parse()
	if err != nil {
		return nil, describeError(err)
	}
	parsed.Raw.AttestationResponse.ClientDataJSON = signed // what is hashed
	return parsed, nil
}

// parseAssertion reads an AuthenticationResponseJSON.
func parseAssertion(body []byte) (*protocol.ParsedCredentialAssertionData, error) {
	var response protocol.CredentialAssertionResponse
	exact, err := readEnvelope(body, base64urlAssertionMembers)
	if err == nil {
		err = json.Unmarshal(exact, &response)
	}
	if err != nil {
		return nil, err
	}
	signed := response.AssertionResponse.ClientDataJSON
	if response.AssertionResponse.ClientDataJSON, err = collected(signed); err != nil {
		return nil, err
	}
	parsed, err := response.Parse()
	if err != nil {
		return nil, describeError(err)
	}
	parsed.Raw.AssertionResponse.ClientDataJSON = signed // what is hashed
	return parsed, nil
}
