package client

import (
	"context"
	"net/url"

	"golang.org/x/net/publicsuffix"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// appID checks that an origin may speak for an AppID, an URL that names a relying party of the time before WebAuthn: it is of
// the same site and as secure, which is what browsers check (WebAuthn L3 §10.1.1, note). Empty: the origin itself.
func appID(claimed *string, origin string) (string, error) {
	if claimed == nil {
		return "", nil
	}
	if *claimed == "" {
		return origin, nil
	}
	domain, err := effectiveDomain(origin)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(*claimed)
	if err != nil || !secure(u) || !sameSite(u.Hostname(), domain) {
		return "", fail(SecurityError, "%s may not use the AppID %q: it is not an https URL of the same site", origin, *claimed)
	}
	return *claimed, nil
}

// sameSite tells whether two hosts have the same registrable domain, or are the same.
func sameSite(a, b string) bool {
	if a == b {
		return true
	}
	siteA, errA := publicsuffix.EffectiveTLDPlusOne(a)
	siteB, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && siteA == siteB
}

func checkAppID(o *requestOptions, who caller) (err error) {
	o.appID, err = appID(o.Extensions.AppID, who.origin)
	return err
}

// chooseAppID puts the AppID in the place of the RP ID when the authenticator has one of the allowed credentials under that, and
// none under the RP ID (WebAuthn L3 §10.1.1). It asks silently.
func (c *Client) chooseAppID(ctx context.Context, a *assertion) error {
	list := a.device.descriptors(a.options.AllowCredentials)
	if a.options.appID == "" || len(list) == 0 || c.Misbehave.IgnoreAllowList {
		return nil
	}
	for _, name := range []string{a.rpID, a.options.appID} {
		found, err := c.known(ctx, a.device, silent{rpID: name, list: list})
		if err != nil {
			return err
		}
		if found != nil {
			a.rpID, a.usedAppID = name, name == a.options.appID
			return nil
		}
	}
	return nil
}

func outputAppID(_ context.Context, c *Client, a *assertion) error {
	if a.options.Extensions.AppID != nil {
		a.outputs["appid"] = a.usedAppID || c.Misbehave.ClaimAppID
	}
	return nil
}

func checkAppIDExclude(o *creationOptions, who caller) (err error) {
	o.appIDExclude, err = appID(o.Extensions.AppIDExclude, who.origin)
	return err
}

func outputAppIDExclude(_ context.Context, _ *Client, made *creation) error {
	if made.options.Extensions.AppIDExclude != nil {
		made.outputs["appidExclude"] = true
	}
	return nil
}

// excludedByAppID refuses an authenticator that has one of the excluded credentials under the AppID. It asks silently, and
// tells only after the user has touched the authenticator (WebAuthn L3 §10.1.2). Errors: CredentialExcluded.
func (c *Client) excludedByAppID(ctx context.Context, made *creation) error {
	if made.options.appIDExclude == "" || c.Misbehave.IgnoreExcludeList {
		return nil
	}
	found, err := c.known(ctx, made.device, silent{
		rpID: made.options.appIDExclude, list: made.device.descriptors(made.options.ExcludeCredentials),
	})
	if err != nil || found == nil {
		return err
	}
	if err := c.selection(ctx, made.device); err != nil && !isUnknownCommand(err) {
		return err
	}
	return ctap2.CredentialExcluded
}
