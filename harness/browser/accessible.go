package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Accessible is one element as assistive technology meets it.
type Accessible struct {
	Role, Name, Description string
	// Properties are states and properties by their names in the accessibility tree, such as "modal", "invalid", "focused" or
	// "live", with "true" and "false" for truth values. What does not hold for an element may be absent.
	Properties map[string]string
}

// Accessible returns the elements that assistive technology can see of a role, in document order.
func (p *Page) Accessible(ctx context.Context, role string) ([]Accessible, error) {
	nodes, err := p.query(ctx, role)
	if err != nil {
		return nil, fmt.Errorf("browser: read the accessibility tree for role %s: %w", role, err)
	}
	all := make([]Accessible, len(nodes))
	for i, n := range nodes {
		all[i] = Accessible{Role: role, Name: n.name(), Description: folded(n.Description.Value), Properties: map[string]string{}}
		for _, property := range n.Properties {
			all[i].Properties[property.Name] = folded(property.Value.Value)
		}
	}
	return all, nil
}

// folded is a value as text, with its white space collapsed.
func folded(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		text = string(value)
	}
	return strings.Join(strings.Fields(text), " ")
}
