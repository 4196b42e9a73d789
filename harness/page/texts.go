package page

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// readTexts walks what a person reads or hears: visible text, and the names and hints that assistive technology speaks. What is
// data is left out: isolated names (bdi), codes, what was typed, and words in another language that say so (lang).
const readTexts = `() => {
  const own = document.documentElement.lang;
  const data = e => e.closest('bdi, code, .code, .secret, script, style, noscript, template') || e.closest('[lang]').lang !== own;
  const found = new Set([document.title]);
  const fold = text => text.replace(/\s+/g, ' ').trim();
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    if (/\p{L}/u.test(node.data) && !data(node.parentElement) && node.parentElement.checkVisibility({ visibilityProperty: true })) found.add(fold(node.data));
  }
  for (const e of document.body.querySelectorAll('[aria-label], [aria-description], [placeholder], [alt], [title]')) {
    if (data(e) || !e.checkVisibility({ visibilityProperty: true })) continue;
    for (const name of ['aria-label', 'aria-description', 'placeholder', 'alt', 'title']) {
      const text = fold(e.getAttribute(name) || '');
      if (/\p{L}/u.test(text) && ![...e.querySelectorAll('bdi')].some(b => fold(b.textContent) === text)) found.add(text);
    }
  }
  return JSON.stringify([...found]);
}`

// Texts returns every text of the screen that is not data, each once: the document's title, visible text by its nodes, and the
// accessible names and hints.
func Texts(ctx context.Context, p *browser.Page) ([]string, error) {
	value, err := p.Rod.Context(ctx).Eval(readTexts)
	if err != nil {
		return nil, fmt.Errorf("page: read the texts: %w", err)
	}
	var texts []string
	if err := json.Unmarshal([]byte(value.Value.Str()), &texts); err != nil {
		return nil, fmt.Errorf("page: read the texts: %w", err)
	}
	return texts, nil
}
