package page

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Announcement is what a live region came to say (WAI-ARIA 1.2 §6.6).
type Announcement struct {
	Role string `json:"role"` // status, alert or timer
	Text string `json:"text"` // of the whole region, white space folded
}

// listen keeps what live regions come to say from now on, until the document is left. What changes in one turn of the event
// loop is said at once; a text that is written again is said again. A region that comes into sight says what it has.
const listen = `() => {
  if (window.announcements) return;
  window.announcements = [];
  const live = '[role=status], [role=alert], [role=timer], [aria-live]:not([aria-live=off])';
  const fold = text => (text || '').replace(/\s+/g, ' ').trim();
  new MutationObserver(records => {
    const regions = new Set();
    for (const record of records) {
      const at = record.target.nodeType === Node.ELEMENT_NODE ? record.target : record.target.parentElement;
      if (record.type !== 'attributes') regions.add(at?.closest(live));
      else if (!at.hidden) [at.closest(live), ...at.querySelectorAll(live)].forEach(region => regions.add(region));
    }
    for (const region of regions) {
      const text = region && region.checkVisibility() ? fold(region.innerText) : '';
      if (text) window.announcements.push({role: region.getAttribute('role'), text});
    }
  }).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['hidden']});
}`

// Listen makes the page's live regions be heard from now on, until its document is left.
func Listen(ctx context.Context, p *browser.Page) error {
	if _, err := p.Rod.Context(ctx).Eval(listen); err != nil {
		return fmt.Errorf("page: listen to live regions: %w", err)
	}
	return nil
}

// Heard returns what the live regions came to say since Listen, oldest first.
func Heard(ctx context.Context, p *browser.Page) ([]Announcement, error) {
	value, err := p.Rod.Context(ctx).Eval(`() => JSON.stringify(window.announcements || [])`)
	if err != nil {
		return nil, fmt.Errorf("page: hear live regions: %w", err)
	}
	var heard []Announcement
	if err := json.Unmarshal([]byte(value.Value.Str()), &heard); err != nil {
		return nil, fmt.Errorf("page: hear live regions: %w", err)
	}
	return heard, nil
}
