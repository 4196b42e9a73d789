package lab

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"strings"

	"golang.org/x/net/html"

	"github.com/passkeylab/passkeylab/rp"
)

// Passkey is a stored passkey: what the site shows of it, and its row in the
// store where that can be looked into.
type Passkey struct {
	ID   []byte
	Name string
	Row  *rp.Credential // nil at a relying party that runs elsewhere
}

// Key returns the credential id as it stands in addresses: base64url without padding.
func (p Passkey) Key() string { return base64.RawURLEncoding.EncodeToString(p.ID) }

// Errors of pages that are not what they should be.
var (
	// ErrNoSecret says that a page shows no secret for one-time codes.
	ErrNoSecret = errors.New("the page shows no secret for one-time codes")
	// ErrNoList says that a page does not list passkeys.
	ErrNoList = errors.New("the page lists no passkeys, nor says that there are none")
)

// secretIn returns the secret that the second sign-up page shows for the code app.
func secretIn(page []byte) (string, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return "", fmt.Errorf("read the page: %w", err)
	}
	for node := range marked(root, "totp-secret") {
		if secret := textOf(node); secret != "" {
			return secret, nil
		}
	}
	return "", ErrNoSecret
}

// passkeysIn returns the passkeys that a Security info page lists, in its
// order. A page whose list could not be loaded gives ErrNoList: it is no
// empty list.
func passkeysIn(page []byte) ([]Passkey, error) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	list := []Passkey{}
	for card := range marked(root, "card") {
		passkey, err := passkeyOn(card)
		if err != nil {
			return nil, err
		}
		list = append(list, passkey)
	}
	if len(list) > 0 {
		return list, nil
	}
	for range marked(root, "hero") { // the invitation that an empty list makes
		return list, nil
	}
	return nil, ErrNoList
}

func passkeyOn(card *html.Node) (Passkey, error) {
	var passkey Passkey
	for node := range card.Descendants() {
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "h3" && passkey.Name == "":
			passkey.Name = textOf(node)
		case node.Data == "form" && strings.HasSuffix(attribute(node, "action"), "/rename"):
			path := strings.Split(attribute(node, "action"), "/") // …/passkeys/<id>/rename
			id, err := base64.RawURLEncoding.DecodeString(path[max(0, len(path)-2)])
			if err != nil {
				return passkey, fmt.Errorf("the id of the passkey %q in its address: %w", passkey.Name, err)
			}
			passkey.ID = id
		}
	}
	if len(passkey.ID) == 0 || !strings.HasSuffix(passkey.Key(), attribute(card, "data-credential")) {
		return passkey, fmt.Errorf("the card of the passkey %q does not tell its id", passkey.Name)
	}
	return passkey, nil
}

// marked are the elements with a language-free mark.
func marked(root *html.Node, mark string) iter.Seq[*html.Node] {
	return func(yield func(*html.Node) bool) {
		for node := range root.Descendants() {
			if node.Type == html.ElementNode && attribute(node, "data-test") == mark && !yield(node) {
				return
			}
		}
	}
}

func attribute(node *html.Node, name string) string {
	for _, one := range node.Attr {
		if one.Key == name {
			return one.Val
		}
	}
	return ""
}

func textOf(node *html.Node) string {
	var text strings.Builder
	for below := range node.Descendants() {
		if below.Type == html.TextNode {
			text.WriteString(below.Data)
		}
	}
	return strings.TrimSpace(text.String())
}
