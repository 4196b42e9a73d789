package page

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// PasskeyCard is one passkey as the Security info page lists it.
type PasskeyCard struct {
	Name       string `json:"name"`
	Credential string `json:"credential"` // the tail of the credential id, as data-credential gives it
	Provider   string `json:"provider"`
	Status     string `json:"status"`
	Created    string `json:"created"`
	LastUsed   string `json:"lastUsed"`
	Lives      string `json:"lives"` // where the passkey lives: this device, syncs, …
	Text       string `json:"text"`  // everything on the card, white space folded
}

const readCards = `() => JSON.stringify([...document.querySelectorAll('[data-test="card"]')].map(card => {
  const fold = text => (text || '').replace(/\s+/g, ' ').trim();
  const part = name => fold((card.querySelector('[data-test="card-' + name + '"]') || {}).innerText);
  return {
    name: fold((card.querySelector('h3') || {}).textContent), credential: card.dataset.credential || '',
    provider: part('provider'), status: card.dataset.status || '', created: part('created'),
    lastUsed: part('last-used'), lives: part('lives'), text: fold(card.innerText),
  };
}))`

// Cards returns the passkeys that the page lists, in its order.
func Cards(ctx context.Context, p *browser.Page) ([]PasskeyCard, error) {
	value, err := p.Rod.Context(ctx).Eval(readCards)
	if err != nil {
		return nil, fmt.Errorf("page: read cards: %w", err)
	}
	var cards []PasskeyCard
	if err := json.Unmarshal([]byte(value.Value.Str()), &cards); err != nil {
		return nil, fmt.Errorf("page: read cards: %w", err)
	}
	return cards, nil
}
