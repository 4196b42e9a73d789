package rp

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// AppSession is a signed-in app.
type AppSession struct {
	// Token is the app's credential from now on, 256 bits in base64url. Only its hash is kept.
	Token   string
	Session *Session
	User    *User
}

// appSessionID is the id of an app's session: no browser's session has one like it, so that neither can pass for the other.
func appSessionID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return appPrefix + base64.RawURLEncoding.EncodeToString(sum[:])
}

// appPrefix is what the ids of apps' sessions begin with.
const appPrefix = "app:"

// InApp reports whether the session is that of the organisation's app.
func (s *Session) InApp() bool { return strings.HasPrefix(s.ID, appPrefix) }

// appTokenLength is in bytes.
const appTokenLength = 32

// SignInApp signs somebody in to the phone app as SignInWithPassword does, and is refused in the same words. Too many wrong
// tries from one network are CodeRateLimited.
func (rp *RelyingParty) SignInApp(ctx context.Context, in PasswordSignIn) (*AppSession, error) {
	tries := allowance{"app:" + in.Client.IPPrefix, rp.limits.Network}
	if refusal := rp.limitedRefusal(tries); refusal != nil {
		return nil, refusal
	}
	secret, err := rp.rand.bytes(appTokenLength)
	if err != nil {
		return nil, err
	}
	app := &AppSession{Token: base64.RawURLEncoding.EncodeToString(secret)}
	in.sessionID = appSessionID(app.Token)
	app.Session, err = rp.SignInWithPassword(ctx, in)
	if refusal := AsRefusal(err); refusal != nil && refusal.Code == CodeWrongCredentials {
		rp.limiter.count(rp.Now(), tries)
	}
	if err != nil {
		return nil, err
	}
	app.User, err = rp.User(ctx, app.Session.UserID)
	return app, err
}

// SignOutApp ends the app's session; ending one that is over is no error.
func (rp *RelyingParty) SignOutApp(ctx context.Context, token string) error {
	return rp.SignOut(ctx, appSessionID(token))
}

// ProveInApp renews the proof of the app's session, as ProveWithCode does that of a browser's.
func (rp *RelyingParty) ProveInApp(ctx context.Context, token, code string) (*Session, error) {
	return rp.ProveWithCode(ctx, appSessionID(token), code)
}
