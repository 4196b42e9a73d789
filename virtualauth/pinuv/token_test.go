package pinuv_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// issued is an authenticator whose token was just issued to a present user, with the permissions mc and lbw.
func issued(t testing.TB) *pinuv.Authenticator {
	a := newAuthenticator(t, pinuv.Two)
	a.Token.BeginUsing(noon, true)
	a.Token.Grant(pinuv.MC|pinuv.LBW, "login.example")
	return a
}

// use presents the token at a time.
func use(a *pinuv.Authenticator, at time.Time) error {
	message := []byte("message")
	return a.Verify(at, message, a.Protocol().Authenticate(a.Token.Value(), message))
}

func TestTheLifeOfAToken(t *testing.T) {
	const tick = time.Nanosecond
	for _, c := range []struct {
		name          string
		uses          []time.Duration // after it was issued; all but the last must succeed
		works, stayed bool            // the last use succeeds; the user still counts as present
	}{
		{"used at once", []time.Duration{0}, true, true},
		{"first used at the initial limit", []time.Duration{30 * time.Second}, true, true},
		{"first used behind the initial limit", []time.Duration{30*time.Second + tick}, false, false},
		{"used again much later", []time.Duration{time.Second, 9 * time.Minute}, true, false},
		{"used at the end of its life", []time.Duration{time.Second, 10 * time.Minute}, true, false},
		{"used behind the end of its life", []time.Duration{time.Second, 5 * time.Minute, 10*time.Minute + tick}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := issued(t)
			for i, after := range c.uses {
				err := use(a, noon.Add(after))
				last := i == len(c.uses)-1
				if (!last || c.works) && err != nil {
					t.Fatalf("use after %v: %v", after, err)
				}
				if last && !c.works && !errors.Is(err, pinuv.ErrMAC) {
					t.Errorf("use after %v: %v, want ErrMAC", after, err)
				}
			}
			if a.Token.InUse() != c.works || a.Token.UserVerifiedFlag() != c.works || a.Token.UserPresentFlag() != c.stayed {
				t.Errorf("in use %v, verified %v, present %v", a.Token.InUse(), a.Token.UserVerifiedFlag(), a.Token.UserPresentFlag())
			}
			if a.Token.Has(pinuv.MC) != c.works || (a.Token.RPID() != "") != c.works {
				t.Errorf("permission mc %v, RP ID %q", a.Token.Has(pinuv.MC), a.Token.RPID())
			}
		})
	}
}

func TestAWrongMACIsNoUse(t *testing.T) {
	a := issued(t)
	if err := a.Verify(noon, []byte("message"), make([]byte, 32)); !errors.Is(err, pinuv.ErrMAC) {
		t.Fatalf("a wrong MAC: %v", err)
	}
	if use(a, noon.Add(time.Minute)) == nil {
		t.Error("the token outlived its initial limit by a wrong MAC")
	}
}

func TestATokenIsWorthNothingBeforeItIsIssued(t *testing.T) {
	a := newAuthenticator(t, pinuv.One)
	if err := use(a, noon); !errors.Is(err, pinuv.ErrMAC) {
		t.Errorf("got %v, want ErrMAC", err)
	}
	a.Token.ObserveUsageTimer(noon)
	a.Token.ClearUserPresentFlag()
	a.Token.ClearUserVerifiedFlag()
	a.Token.ClearPermissionsExceptLBW()
	if a.Token.InUse() || a.Token.UserPresentFlag() || a.Token.UserVerifiedFlag() || a.Token.Has(0) {
		t.Error("a token that was never issued is in some state")
	}
}

func TestWhatClearingClears(t *testing.T) {
	for _, c := range []struct {
		name                     string
		clear                    func(*pinuv.Token)
		inUse, present, verified bool
		mc, lbw                  bool
	}{
		{"nothing", func(*pinuv.Token) {}, true, true, true, true, true},
		{"user present", (*pinuv.Token).ClearUserPresentFlag, true, false, true, true, true},
		{"user verified", (*pinuv.Token).ClearUserVerifiedFlag, true, true, false, true, true},
		{"permissions except lbw", (*pinuv.Token).ClearPermissionsExceptLBW, true, true, true, false, true},
		{"everything", (*pinuv.Token).StopUsing, false, false, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := issued(t)
			value := a.Token.Value()
			c.clear(&a.Token)
			token := &a.Token
			if token.InUse() != c.inUse || token.UserPresentFlag() != c.present || token.UserVerifiedFlag() != c.verified ||
				token.Has(pinuv.MC) != c.mc || token.Has(pinuv.LBW) != c.lbw || token.Has(pinuv.MC|pinuv.LBW) != c.mc {
				t.Errorf("left in state %+v", token)
			}
			if !bytes.Equal(token.Value(), value) {
				t.Error("the value changed")
			}
		})
	}
}

func TestResetTokenEndsTheOldOne(t *testing.T) {
	a := issued(t)
	old := a.Token.Value()
	if err := a.ResetToken(); err != nil {
		t.Fatal(err)
	}
	if a.Token.InUse() || bytes.Equal(old, a.Token.Value()) {
		t.Error("the old token lives")
	}
	a.Token.BeginUsing(noon, false)
	if a.Token.UserPresentFlag() || !a.Token.UserVerifiedFlag() || a.Token.RPID() != "" {
		t.Errorf("the new one begins as %+v", a.Token)
	}
	a.Token.Bind("login.example")
	if a.Token.RPID() != "login.example" {
		t.Error("it is not bound")
	}
}
