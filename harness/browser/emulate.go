package browser

import (
	"context"
	"strings"

	"github.com/go-rod/rod/lib/proto"
)

// Mobile names a kind of phone whose browser is emulated: screen, touch, user agent and client hints. It is still Chromium.
type Mobile string

// The phones that can be emulated.
const (
	Android Mobile = "Android" // Chrome on a Pixel 8
	IPhone  Mobile = "iPhone"  // Safari on an iPhone: it sends no client hints
)

// screen returns the viewport of the phone, or of the default desktop.
func (m Mobile) screen() Size {
	switch m {
	case Android:
		return Size{Width: 412, Height: 839}
	case IPhone:
		return Size{Width: 393, Height: 659}
	}
	return Size{Width: 1280, Height: 800}
}

// Emulate gives the page another screen, media or identity than its context has, from now on and without loading it anew. Zero
// fields mean what they mean to NewContext; Patience does not count.
func (p *Page) Emulate(ctx context.Context, o ContextOptions) error {
	p.mu.Lock()
	p.options = o.withDefaults()
	p.mu.Unlock()
	return p.emulateAnew(ctx)
}

// Emulated returns the screen, media and identity that the page has now.
func (p *Page) Emulated() ContextOptions {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.options
}

// emulation returns the calls that make a page behave as the options say.
func emulation(o ContextOptions, v Version) []interface{ Call(proto.Client) error } {
	calls := []interface{ Call(proto.Client) error }{proto.EmulationSetEmulatedMedia{Features: mediaFeatures(o)}}
	metrics := proto.EmulationSetDeviceMetricsOverride{Width: o.Viewport.Width, Height: o.Viewport.Height, DeviceScaleFactor: max(1, o.Scale)}
	if o.Mobile != "" {
		fingers := 5
		metrics.Mobile, metrics.DeviceScaleFactor = true, max(2, o.Scale)
		calls = append(calls, proto.EmulationSetTouchEmulationEnabled{Enabled: true, MaxTouchPoints: &fingers})
	}
	calls = append(calls, metrics)
	if o.Mobile != "" || o.Locale != "" {
		calls = append(calls, identity(o, v))
	}
	if o.Locale != "" {
		calls = append(calls, proto.EmulationSetLocaleOverride{Locale: strings.ReplaceAll(o.Locale, "-", "_")})
	}
	if o.Timezone != "" {
		calls = append(calls, proto.EmulationSetTimezoneOverride{TimezoneID: o.Timezone})
	}
	return calls
}

func mediaFeatures(o ContextOptions) []*proto.EmulationMediaFeature {
	scheme, motion, colours := "light", "no-preference", "none"
	if o.Dark {
		scheme = "dark"
	}
	if o.ReducedMotion {
		motion = "reduce"
	}
	if o.ForcedColours {
		colours = "active"
	}
	return []*proto.EmulationMediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: motion},
		{Name: "forced-colors", Value: colours},
	}
}

// identity returns user agent, language and client hints (UA-CH §3) of the phone or desktop.
func identity(o ContextOptions, v Version) proto.EmulationSetUserAgentOverride {
	_, full, _ := strings.Cut(v.Product, "/")
	major, _, _ := strings.Cut(full, ".")
	hints := &proto.EmulationUserAgentMetadata{
		Brands:          brands(major),
		FullVersionList: brands(full),
		FullVersion:     full,
		Platform:        "Linux",
		Architecture:    "x86",
		Bitness:         "64",
	}
	id := proto.EmulationSetUserAgentOverride{AcceptLanguage: o.Locale, UserAgentMetadata: hints}
	switch o.Mobile {
	case Android:
		id.UserAgent = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + major + ".0.0.0 Mobile Safari/537.36"
		id.Platform = "Linux armv81"
		hints.Platform, hints.PlatformVersion, hints.Model, hints.Mobile = "Android", "16.0.0", "Pixel 8", true
		hints.Architecture, hints.Bitness = "", ""
	case IPhone:
		id.UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
		id.Platform = "iPhone"
		id.UserAgentMetadata = nil
	default:
		id.UserAgent = strings.ReplaceAll(v.UserAgent, "HeadlessChrome", "Chrome")
	}
	return id
}

// brands is the browser's brand list for a version, with one invented brand as every Chromium sends it.
func brands(version string) []*proto.EmulationUserAgentBrandVersion {
	return []*proto.EmulationUserAgentBrandVersion{
		{Brand: "Chromium", Version: version},
		{Brand: "Google Chrome", Version: version},
		{Brand: "Not/A)Brand", Version: "24"},
	}
}
