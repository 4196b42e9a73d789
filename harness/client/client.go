package client

import (
	"context"
	"io"
	"slices"

	"github.com/passkeylab/passkeylab/harness/client/ctap1"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// Client is a WebAuthn client with one authenticator. It keeps no state: it may be copied, and used by several goroutines as
// far as its Device allows.
type Client struct {
	// Origin is that of the page. Empty: the one that the browser's bridge tells in the options.
	Origin string
	// RPIDs are the relying parties that name a native app in their asset links or as their associated domain: the client is that
	// app then, and Origin its own, such as "android:apk-key-hash:…", which need not have a domain. Empty: it is a page.
	RPIDs []string
	// TopOrigin is that of the page's top-level frame, when it is another.
	TopOrigin string
	// Device is the authenticator. One that does not know getInfo and is a [ctap1.Device], too, is used as a U2F key.
	Device ctap2.Transport
	// Poll waits until a U2F key that awaits a touch is to be asked again; nil is for devices that wait for their user by
	// themselves ([ctap1.Key]).
	Poll func(ctx context.Context) error
	// Attachment is "platform" or "cross-platform". Empty: what getInfo says by its option "plat".
	Attachment string
	// Transports are how the device is reached (WebAuthn L3 §5.8.4). Empty: what getInfo says.
	Transports []string
	// Choose picks one of several accounts that can sign in, by its index; nil takes the first, the newest. Authenticators
	// with a display let the user choose there and tell of one account only.
	Choose func(ctx context.Context, accounts []ctap2.User) (int, error)
	// PIN asks the user for the authenticator's PIN, again and again while it is wrong. An error ends the ceremony. Nil:
	// nobody can be asked, and only built-in verification is of use.
	PIN func(ctx context.Context, prompt PINPrompt) (string, error)
	// Rand is where key agreement keys and nonces come from; nil means crypto/rand.
	Rand io.Reader
	// EnterpriseRPIDs are the relying parties to which whoever manages this platform allows enterprise attestation (CTAP 2.3
	// §7.1, platform-managed). For others the authenticator's own list decides (vendor-facilitated).
	EnterpriseRPIDs []string
	// Misbehave is how the client lies.
	Misbehave Misbehaviour
}

// The values of AuthenticatorAttachment (WebAuthn L3 §5.4.5).
const (
	Platform      = "platform"
	CrossPlatform = "cross-platform"
)

// device is what the client knows of its authenticator.
type device struct {
	info       *ctap2.GetInfoResponse
	u2f        *ctap1.Key // nil for an authenticator of CTAP2
	attachment string
	transports []string
}

func (c *Client) inspect(ctx context.Context) (*device, error) {
	info, err := ctap2.GetInfo(ctx, c.Device)
	var key *ctap1.Key
	if isUnknownCommand(err) {
		info, key, err = c.inspectU2F(ctx, err)
	}
	if err != nil {
		return nil, refused(ctx, err)
	}
	d := &device{info: info, u2f: key, attachment: c.Attachment, transports: c.Transports}
	if d.attachment == "" {
		d.attachment = CrossPlatform
		if info.Options["plat"] {
			d.attachment = Platform
		}
	}
	if len(d.transports) == 0 {
		d.transports = info.Transports
	}
	return d, nil
}

// reaches tells whether a descriptor may be on this device: it names no transports, or one of the device's.
func (d *device) reaches(transports []string) bool {
	if len(transports) == 0 || len(d.transports) == 0 {
		return true
	}
	return slices.ContainsFunc(transports, func(t string) bool { return slices.Contains(d.transports, t) })
}

// identifies tells whether "none" leaves the AAGUID: WebAuthn lets a client decide, and Chromium keeps it where it says which
// passkey provider was used (internal, hybrid) and zeroes it where it says which piece of hardware.
func (d *device) identifies() bool {
	if len(d.transports) == 0 {
		return d.attachment == Platform
	}
	return slices.Contains(d.transports, "internal") || slices.Contains(d.transports, "hybrid")
}

// supports tells whether the authenticator knows an extension.
func (d *device) supports(extension string) bool {
	return slices.Contains(d.info.Extensions, extension)
}

// caller is whose request it is.
type caller struct {
	origin, topOrigin string
	crossOrigin       bool
}

// caller reads who asks: from the client's own fields, else from what the browser's bridge tells.
func (c *Client) caller(o extensions) caller {
	who := caller{origin: c.Origin, topOrigin: c.TopOrigin, crossOrigin: c.TopOrigin != "" && c.TopOrigin != c.Origin}
	if told := o.RemoteDesktopClientOverride; told != nil {
		if who.origin == "" {
			who.origin = told.Origin
		}
		who.crossOrigin = who.crossOrigin || !told.SameOriginWithAncestors
	}
	return who
}

// descriptors turns a list into what the authenticator gets: only known types, only ids that it could have made.
func (d *device) descriptors(list []descriptor) []ctap2.Descriptor {
	var out []ctap2.Descriptor
	for _, entry := range list {
		if limit := d.info.MaxCredentialIDLength; limit > 0 && uint(len(entry.ID)) > limit {
			continue
		}
		if entry.Type == ctap2.PublicKey {
			out = append(out, ctap2.Descriptor{ID: ctap2.Bytes(entry.ID), Type: entry.Type})
		}
	}
	return out
}
