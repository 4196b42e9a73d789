package journeys

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/go-rod/rod/lib/proto"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/browser"
	"github.com/passkeylab/passkeylab/harness/page"
)

// This file holds the words about languages, places and directions of writing.

// inLanguage is a desktop browser whose reader prefers a language.
func inLanguage(tag string) browser.ContextOptions { return browser.ContextOptions{Locale: tag} }

// readsIn opens the screen in front of her once more, in a language that the address names.
func (p *Person) readsIn(tag string) page.Screen {
	GinkgoHelper()
	var screen page.Screen
	p.does("opens the same page with ?lng="+tag, func(ctx context.Context) error {
		before, err := page.Settled(ctx, p.Page)
		if err != nil {
			return err
		}
		address, err := url.Parse(before.URL)
		if err != nil {
			return err
		}
		query := address.Query()
		query.Set("lng", tag)
		address.RawQuery = query.Encode()
		if err := p.Page.Goto(ctx, address.String()); err != nil {
			return err
		}
		screen, err = page.Await(ctx, p.Page, before.Step)
		return err
	})
	return screen
}

// findsLanguage finds the language and the direction that the document states.
func (p *Person) findsLanguage(tag, dir string) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("the page is in %s and runs %s", tag, dir), func(ctx context.Context) (any, error) {
		return page.ReadLayout(ctx, p.Page)
	}, gomega.And(gomega.HaveField("Lang", tag), gomega.HaveField("Dir", dir)))
}

// findsLaidOut finds that everything on the screen stands in the direction of writing, and within the window.
func (p *Person) findsLaidOut(dir string) {
	GinkgoHelper()
	p.comesToFind("the screen is laid out "+dir, func(ctx context.Context) (any, error) {
		return page.ReadLayout(ctx, p.Page)
	}, gomega.And(
		gomega.HaveField("Dir", dir), gomega.HaveField("Rows", gomega.BeNumerically(">", 3)),
		gomega.HaveField("Against", gomega.BeEmpty()), gomega.HaveField("Beyond", gomega.BeEmpty()),
	))
}

// findsItReads finds that a text stands somewhere on the screen, and wherever it does, in the order in which it is read: from left
// to right for a name in Latin letters, whatever runs around it.
func (p *Person) findsItReads(text string) {
	GinkgoHelper()
	p.comesToFind(fmt.Sprintf("%q reads from left to right", text), func(ctx context.Context) (any, error) {
		return page.OrderOf(ctx, p.Page, text)
	}, gomega.And(gomega.Not(gomega.BeEmpty()), gomega.HaveEach(text)))
}

// pressesThe presses a control by its hook and finds itself on another screen.
func (p *Person) pressesThe(hook page.Hook, to page.Step) page.Screen {
	GinkgoHelper()
	p.pressesHook(hook)
	return p.sees(to)
}

// livesIn moves her, with her browser, to a time zone.
func (p *Person) livesIn(zone string) {
	GinkgoHelper()
	p.does("lives in "+zone, func(ctx context.Context) error {
		return proto.EmulationSetTimezoneOverride{TimezoneID: zone}.Call(p.Page.Rod.Context(ctx))
	})
}

// findsDay finds the day of an instant on the one card of Security info, as the browser itself writes it for a language and a
// zone, and returns it. The browser tells its zone once a page has run there: until then the day may be another one.
func (p *Person) findsDay(tag, zone string, at time.Time) string {
	GinkgoHelper()
	var day string
	p.does(fmt.Sprintf("asks the browser how %s is written in %q in %s", at.UTC().Format(time.RFC3339), tag, zone), func(ctx context.Context) error {
		return p.Page.Evaluate(ctx, fmt.Sprintf(`new Intl.DateTimeFormat(%q, { dateStyle: "long", timeZone: %q }).format(new Date(%q))`,
			tag, zone, at.UTC().Format(time.RFC3339)), &day)
	})
	p.comesToFind(fmt.Sprintf("the card says “%s”", day), func(ctx context.Context) (any, error) {
		if err := p.Page.Rod.Context(ctx).Reload(); err != nil {
			return nil, err
		}
		if _, err := page.Await(ctx, p.Page, page.S0); err != nil {
			return nil, err
		}
		cards, err := page.Cards(ctx, p.Page)
		if err != nil || len(cards) != 1 {
			return nil, fmt.Errorf("%d cards: %w", len(cards), err)
		}
		return cards[0].Created, nil
	}, gomega.MatchRegexp("^"+regexp.QuoteMeta(day)+"( \\(|（)"))
	return tag + " " + day
}

// findsBesideTheList finds a text beside the list of passkeys: the count, or what stands there instead.
func (p *Person) findsBesideTheList(what, text string) {
	GinkgoHelper()
	p.comesToFind(what, func(ctx context.Context) (any, error) {
		counted, err := page.TextOf(ctx, p.Page, page.Count)
		if err != nil || counted != "" {
			return counted, err
		}
		return page.TextOf(ctx, p.Page, page.HeroTitle)
	}, gomega.Equal(text))
}
