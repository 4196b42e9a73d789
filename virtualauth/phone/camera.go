package phone

import (
	"context"
)

// CameraSource is what the camera looks at: it returns the text of the first QR code that it sees, and waits for one until ctx
// ends.
type CameraSource func(ctx context.Context) (text string, err error)

// Text is a CameraSource that sees one code at once.
func Text(text string) CameraSource {
	return func(context.Context) (string, error) { return text, nil }
}

// PointCamera carries out a ceremony from the camera on: P1 to P17. It returns when the phone has nothing more to do with the
// computer; what it shows then stays until somebody taps it away. What came of it is in the Outcome, what went wrong too; the
// error is ErrBusy, or nil.
func (p *Phone) PointCamera(ctx context.Context, source CameraSource) (Outcome, error) {
	c, ctx, err := p.begin(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return c.finish(c.why(c.scan(ctx, source))), nil
}

// scan is P1 to P17.
func (c *ceremony) scan(ctx context.Context, source CameraSource) error {
	if err := c.enter(ctx, P1); err != nil {
		return err
	}
	text, err := c.look(ctx, source)
	if err != nil {
		return err
	}
	if err := c.chip(ctx); err != nil {
		return err
	}
	return c.connectTo(ctx, text)
}

// look is P2: the viewfinder.
func (c *ceremony) look(ctx context.Context, source CameraSource) (text string, err error) {
	if err := c.enter(ctx, P2); err != nil {
		return "", err
	}
	for c.settingsNow().CameraDenied {
		s := screen{
			id: ScreenCameraPermission, title: "The camera may not be used", text: "Allow it in Settings.",
			controls: []Control{link("open-settings", "Settings"), decline("camera-close", "Close")},
		}.on("open-settings", open(cameraPage))
		r, err := c.askUnless(ctx, s, func(s Settings) bool { return !s.CameraDenied })
		if err == nil && r.control != "" {
			err = ErrDeclined
		}
		if err != nil {
			return "", err
		}
	}
	viewfinder := screen{id: ScreenCamera, title: "Camera", text: "Point at the code.", controls: []Control{decline("camera-close", "Close")}}
	err = c.work(ctx, viewfinder, 0, func(ctx context.Context) (err error) {
		text, err = source(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	return text, c.understood(ctx, text)
}

// understood ends the ceremony for scanners that do not know FIDO's codes.
func (c *ceremony) understood(ctx context.Context, text string) error {
	var s screen
	switch c.settingsNow().Camera {
	case SystemCamera:
		return nil
	case InAppScanner:
		s = notice(ScreenScannerUnknown, "Not a code for this app", "Use the camera of the phone for passkeys.")
	case ThirdPartyScanner:
		s = notice(ScreenScannerText, "Search the web?", text)
	}
	if _, err := c.ask(ctx, s); err != nil {
		return err
	}
	return ErrNotRead
}

// chip is P3: what the camera shows over a passkey's code.
func (c *ceremony) chip(ctx context.Context) error {
	if err := c.enter(ctx, P3); err != nil {
		return err
	}
	label := "Use passkey"
	if c.settingsNow().OS == IOS {
		label = "Save a passkey"
	}
	return c.confirm(ctx, screen{
		id: ScreenChip, title: "Camera", controls: []Control{agree("chip", label), decline("camera-close", "Close")},
	}, "chip")
}
