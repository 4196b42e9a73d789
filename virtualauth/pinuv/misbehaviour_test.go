package pinuv_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/pinuv"
)

func TestWrongSecret(t *testing.T) {
	each(t, func(t *testing.T, protocol pinuv.Protocol) {
		a := newAuthenticator(t, protocol)
		a.Misbehave = pinuv.Misbehaviour{WrongSecret: true}
		platform, authenticator := agree(t, a)
		if authenticator.Verify(nil, platform.Authenticate(nil)) == nil {
			t.Error("both ends share a secret all the same")
		}
	})
}

func TestPointOffCurve(t *testing.T) {
	a := newAuthenticator(t, pinuv.Two)
	a.Misbehave = pinuv.Misbehaviour{PointOffCurve: true}
	if readPoint(t, a.PublicKey()).onCurve() {
		t.Error("the point is on the curve")
	}
	_, _, err := pinuv.Two.Encapsulate(seeded(1), a.PublicKey())
	checkKeyError(t, "encapsulate", err, false)
}

func TestConstantIV(t *testing.T) {
	a := newAuthenticator(t, pinuv.Two)
	encryptTwice := func() bool {
		platform, authenticator := agree(t, a)
		one, err1 := authenticator.Encrypt(make([]byte, 32))
		two, err2 := authenticator.Encrypt(make([]byte, 32))
		back, err := platform.Decrypt(two)
		if err1 != nil || err2 != nil || err != nil || !bytes.Equal(back, make([]byte, 32)) {
			t.Fatal(err1, err2, err)
		}
		return bytes.Equal(one, two)
	}
	if encryptTwice() {
		t.Error("an honest authenticator repeats an IV")
	}
	a.Misbehave = pinuv.Misbehaviour{ConstantIV: true}
	if !encryptTwice() {
		t.Error("the IV changes")
	}
}

func TestAcceptTruncated(t *testing.T) {
	message := []byte("message")
	for _, lying := range []bool{false, true} {
		a := issued(t)
		a.Misbehave = pinuv.Misbehaviour{AcceptTruncated: lying}
		mac := pinuv.Two.Authenticate(a.Token.Value(), message)
		for _, length := range []int{1, 16, 31} {
			if err := a.Verify(noon, message, mac[:length]); (err == nil) != lying {
				t.Errorf("lying %v, %d bytes: %v", lying, length, err)
			}
		}
		if a.Verify(noon, message, nil) == nil || a.Verify(noon, message, make([]byte, 16)) == nil {
			t.Error("it accepts what is no beginning of the MAC")
		}
	}
}

func TestKeepKeyAndKeepToken(t *testing.T) {
	a := issued(t)
	a.Misbehave = pinuv.Misbehaviour{KeepKey: true, KeepToken: true}
	key, token := a.PublicKey(), a.Token.Value()
	if a.Regenerate() != nil || a.ResetToken() != nil {
		t.Fatal("cannot regenerate")
	}
	if !bytes.Equal(key, a.PublicKey()) || !bytes.Equal(token, a.Token.Value()) || a.Token.InUse() {
		t.Error("key or token changed, or the token is still in use")
	}
}

func TestIgnoreTimers(t *testing.T) {
	a := issued(t)
	a.Misbehave = pinuv.Misbehaviour{IgnoreTimers: true}
	if err := use(a, noon.Add(24*time.Hour)); err != nil {
		t.Errorf("after a day: %v", err)
	}
}
