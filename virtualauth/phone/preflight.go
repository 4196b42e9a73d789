package phone

import "context"

// screenLock is P6: without a screen lock there are no passkeys. The phone sends its user to Settings and goes on when she has
// set one.
func (c *ceremony) screenLock(ctx context.Context) error {
	if err := c.enter(ctx, P6); err != nil {
		return err
	}
	if !c.settingsNow().NoScreenLock {
		return nil
	}
	return c.repair(ctx, ScreenNoLock, NoScreenLock, lockPage, func(s Settings) bool { return !s.NoScreenLock })
}

// repair shows an error with a way to Settings, and goes on once it is set right there.
func (c *ceremony) repair(ctx context.Context, id Screen, class ErrorClass, where cover, right func(Settings) bool) error {
	s := screen{
		id: id, title: "Settings needed", text: class.Words(), class: class,
		controls: []Control{agree("open-settings", "Settings"), decline("close", "Cancel")},
	}.on("open-settings", open(where))
	r, err := c.askUnless(ctx, s, right)
	if err == nil && r.control != "" {
		err = c.fail(ctx, class, ErrDeclined)
	}
	return err
}
