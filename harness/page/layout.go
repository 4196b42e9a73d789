package page

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Layout is how a screen stands in the window, as far as its language decides it.
type Layout struct {
	Lang    string   `json:"lang"`    // of the document, BCP 47
	Dir     string   `json:"dir"`     // of the document, ltr or rtl
	Rows    int      `json:"rows"`    // pairs of neighbours that stand beside each other
	Against []string `json:"against"` // of those, the pairs that stand against the direction of writing
	Beyond  []string `json:"beyond"`  // visible elements that reach over the window's side edges
	Clipped []string `json:"clipped"` // controls out of which their own text sticks, or in which it is cut off
}

// readLayout compares neighbours within flex and grid containers: the later one stands at the end side of the earlier, wherever
// the two share a line. What writes in a direction of its own, such as the buttons of the language switch, is judged by that.
const readLayout = `() => {
  const found = { lang: document.documentElement.lang, dir: document.documentElement.dir, rows: 0, against: [], beyond: [], clipped: [] };
  const fold = text => (text || '').replace(/\s+/g, ' ').trim();
  const name = e => e.tagName.toLowerCase() + ' ' + JSON.stringify(fold(e.getAttribute('aria-label') || e.innerText || e.className.baseVal || '').slice(0, 40));
  const width = document.documentElement.clientWidth;
  const seen = e => {
    const box = e.getBoundingClientRect();
    return e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && box.width > 1 && box.height > 1 &&
      getComputedStyle(e).position !== 'absolute' && getComputedStyle(e).position !== 'fixed';
  };
  for (const e of document.body.querySelectorAll('*')) {
    if (!seen(e) || e.closest('svg, .visually-hidden, .skip') && !e.matches('svg')) continue;
    const box = e.getBoundingClientRect();
    if (box.left < -1 || box.right > width + 1) found.beyond.push(name(e));
    const style = getComputedStyle(e);
    if (!/flex|grid/.test(style.display) || /reverse/.test(style.flexDirection)) continue;
    const parts = [...e.children].filter(seen).map(part => part.getBoundingClientRect());
    for (let i = 1; i < parts.length; i++) {
      const [a, b] = [parts[i - 1], parts[i]];
      if (a.bottom <= b.top + 1 || b.bottom <= a.top + 1) continue;
      found.rows++;
      if (style.direction === 'rtl' ? b.right > a.left + 1 : b.left < a.right - 1) found.against.push(name(e));
    }
  }
  for (const control of document.querySelectorAll('button, a.button, summary, label')) {
    if (!seen(control) || control.closest('.visually-hidden')) continue;
    const box = control.getBoundingClientRect();
    const texts = document.createTreeWalker(control, NodeFilter.SHOW_TEXT);
    let sticksOut = false;
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      if (!node.data.trim() || node.parentElement.closest('.visually-hidden') || !node.parentElement.checkVisibility()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const line of range.getClientRects()) {
        sticksOut ||= line.left < box.left - 1 || line.right > box.right + 1 || line.top < box.top - 2 || line.bottom > box.bottom + 2;
      }
      for (let e = node.parentElement; e && e !== control.parentElement; e = e.parentElement) {
        sticksOut ||= getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1;
      }
    }
    if (sticksOut) found.clipped.push(name(control));
  }
  return JSON.stringify(found);
}`

// ReadLayout returns how the screen stands in the window now.
func ReadLayout(ctx context.Context, p *browser.Page) (Layout, error) {
	value, err := p.Rod.Context(ctx).Eval(readLayout)
	if err != nil {
		return Layout{}, fmt.Errorf("page: read the layout: %w", err)
	}
	var layout Layout
	if err := json.Unmarshal([]byte(value.Value.Str()), &layout); err != nil {
		return Layout{}, fmt.Errorf("page: read the layout: %w", err)
	}
	return layout, nil
}

// readOrder finds the visible text nodes that hold a text and returns its characters by the place where the browser painted them.
const readOrder = `text => {
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    const start = node.data.indexOf(text);
    if (start < 0 || !node.parentElement.checkVisibility() || node.parentElement.closest('template')) continue;
    const placed = [];
    for (let i = start; i < start + text.length; i++) {
      const range = document.createRange();
      range.setStart(node, i);
      range.setEnd(node, i + 1);
      const box = range.getBoundingClientRect();
      placed.push({ at: box.left, line: Math.round(box.top), char: node.data[i] });
    }
    placed.sort((a, b) => a.line - b.line || a.at - b.at);
    found.push(placed.map(one => one.char).join(''));
  }
  return JSON.stringify(found);
}`

// OrderOf returns a text as it stands on the screen, from left to right and line by line, once for each place where it is visible.
// A name that the text around it disturbs comes back with its brackets and digits elsewhere (Unicode UAX #9).
func OrderOf(ctx context.Context, p *browser.Page, text string) ([]string, error) {
	value, err := p.Rod.Context(ctx).Eval(readOrder, text)
	if err != nil {
		return nil, fmt.Errorf("page: read the order of %q: %w", text, err)
	}
	var found []string
	if err := json.Unmarshal([]byte(value.Value.Str()), &found); err != nil {
		return nil, fmt.Errorf("page: read the order of %q: %w", text, err)
	}
	return found, nil
}
