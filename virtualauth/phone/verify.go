package phone

import (
	"context"
	"errors"
)

// attempts is how many failures in a row lock biometrics, and how many wrong PINs lock the phone.
const attempts = 5

// verify is P14: a face or finger, or the PIN. Once in a ceremony is enough.
func (c *ceremony) verify(ctx context.Context) error {
	if c.unlocked {
		return nil
	}
	if err := c.enter(ctx, P14); err != nil {
		return err
	}
	err := c.biometrics(ctx)
	if errors.Is(err, errUsePIN) {
		err = c.pin(ctx)
	}
	c.unlocked = err == nil
	return err
}

// errUsePIN says that biometrics cannot be used, or are not wanted.
var errUsePIN = errors.New("phone: use the PIN")

// biometrics asks for a face or finger until it is recognised.
func (c *ceremony) biometrics(ctx context.Context) error {
	text := "Use your fingerprint."
	if c.settingsNow().OS == IOS {
		text = "Face ID"
	}
	for c.settingsNow().Biometrics == Enrolled {
		r, err := c.ask(ctx, screen{
			id: ScreenVerify, title: "Verify that it is you", text: text,
			controls: []Control{
				{ID: "sensor", Label: "Touch the sensor", Kind: KindSensor, Role: Agree},
				link("use-pin", "Use screen lock"), decline("verify-cancel", "Cancel"),
			},
		})
		switch {
		case err != nil:
			return err
		case r.control == "use-pin":
			return errUsePIN
		case r.control != "sensor":
			return ErrDeclined
		case c.recognised():
			return nil
		}
		text = "Not recognised. Try again."
	}
	return errUsePIN
}

// recognised is one attempt with a face or finger; too many failures lock it.
func (c *ceremony) recognised() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.settings.BiometricFailures == 0 {
		c.misses = 0
		return true
	}
	c.settings.BiometricFailures--
	if c.misses++; c.misses >= attempts {
		c.settings.Biometrics = LockedOut
	}
	return false
}

// pin asks for the PIN of the screen lock, which opens locked biometrics too.
func (c *ceremony) pin(ctx context.Context) error {
	text := "Enter your PIN."
	for range attempts {
		r, err := c.ask(ctx, screen{
			id: ScreenPIN, title: "Screen lock", text: text,
			controls: []Control{{ID: "pin", Label: "PIN", Kind: KindSecret, Role: Agree}, decline("verify-cancel", "Cancel")},
		})
		switch {
		case err != nil:
			return err
		case r.control != "pin":
			return ErrDeclined
		case r.text == c.settingsNow().pin():
			return c.Change(func(s *Settings) {
				if s.Biometrics == LockedOut {
					s.Biometrics = Enrolled
				}
			})
		}
		text = "Wrong PIN. Try again."
	}
	_, err := c.ask(ctx, screen{
		id: ScreenLockedOut, title: "Too many attempts", text: "This phone is locked. Try again later.",
		controls: []Control{agree("locked-close", "Close")},
	})
	if err != nil {
		return err
	}
	return ErrLockedOut
}
