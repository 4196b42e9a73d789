package page

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Stop is where the keyboard's focus stands.
type Stop struct {
	Tag     string `json:"tag"`
	Name    string `json:"name"`    // accessible name, as far as labels and text tell it
	Outline string `json:"outline"` // what marks the focus: outline and shadow, computed
	Visible bool   `json:"visible"` // the mark can be seen, and the element is within the window
}

// readFocus looks at the focused element. A radio button drawn by its label is
// marked through the label, so the nearest label counts as well.
const readFocus = `() => {
  const fold = text => (text || '').replace(/\s+/g, ' ').trim();
  const at = document.activeElement;
  if (!at || at === document.body) return JSON.stringify({tag: 'body', name: '', outline: 'none', visible: false});
  const named = (at.getAttribute('aria-labelledby') || '').split(' ').map(id => id && document.getElementById(id)).filter(Boolean);
  const name = fold(named.map(part => part.textContent).join(' ') || at.getAttribute('aria-label')
    || (at.labels && at.labels.length ? at.labels[0].innerText : '') || at.innerText);
  const marks = [at, at.closest('label')].filter(Boolean).map(element => getComputedStyle(element));
  const outlined = marks.find(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
  const shadowed = marks.find(style => style.boxShadow !== 'none');
  const box = at.getBoundingClientRect();
  const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return JSON.stringify({
    tag: at.tagName.toLowerCase(), name, visible: within && !!(outlined || shadowed),
    outline: marks.map(style => style.outline).join(' / ') + (within ? '' : ' (outside the window)'),
  });
}`

// FocusStop returns where the keyboard's focus stands.
func FocusStop(ctx context.Context, p *browser.Page) (Stop, error) {
	value, err := p.Rod.Context(ctx).Eval(readFocus)
	if err != nil {
		return Stop{}, fmt.Errorf("page: look at the focus: %w", err)
	}
	var stop Stop
	if err := json.Unmarshal([]byte(value.Value.Str()), &stop); err != nil {
		return Stop{}, fmt.Errorf("page: look at the focus: %w", err)
	}
	return stop, nil
}

// ValueOf returns what a field holds.
func ValueOf(ctx context.Context, p *browser.Page, field Field) (string, error) {
	value, err := p.Rod.Context(ctx).Eval(`selector => (document.querySelector(selector) || {}).value || ''`, field.selector())
	if err != nil {
		return "", fmt.Errorf("page: read %s: %w", field, err)
	}
	return value.Value.Str(), nil
}
