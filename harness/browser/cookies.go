package browser

import (
	"context"
	"fmt"
	"net/http"

	"github.com/go-rod/rod/lib/proto"
)

// Cookies returns the cookies of the person, those that scripts cannot see among them.
func (c *Context) Cookies(ctx context.Context) ([]*http.Cookie, error) {
	kept, err := proto.StorageGetCookies{BrowserContextID: c.id}.Call(c.browser.rod.Context(ctx))
	if err != nil {
		return nil, fmt.Errorf("browser: look at the cookies: %w", err)
	}
	var all []*http.Cookie
	for _, cookie := range kept.Cookies {
		all = append(all, &http.Cookie{Name: cookie.Name, Value: cookie.Value, Domain: cookie.Domain, Path: cookie.Path, Secure: cookie.Secure, HttpOnly: cookie.HTTPOnly})
	}
	return all, nil
}

// SetCookie gives the person a cookie of the site at an address.
func (c *Context) SetCookie(ctx context.Context, address, name, value string) error {
	set := proto.StorageSetCookies{BrowserContextID: c.id, Cookies: []*proto.NetworkCookieParam{{Name: name, Value: value, URL: address}}}
	if err := set.Call(c.browser.rod.Context(ctx)); err != nil {
		return fmt.Errorf("browser: set the cookie %s: %w", name, err)
	}
	return nil
}

// SendHeaders adds headers to every request of the page from now on.
func (p *Page) SendHeaders(ctx context.Context, header http.Header) error {
	extra := map[string]string{}
	for name := range header {
		extra[name] = header.Get(name)
	}
	if _, err := p.Rod.Call(ctx, string(p.Rod.SessionID), "Network.setExtraHTTPHeaders", map[string]any{"headers": extra}); err != nil {
		return fmt.Errorf("browser: add headers: %w", err)
	}
	return nil
}
