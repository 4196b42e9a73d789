package journeys

import (
	"context"

	"github.com/passkeylab/passkeylab/harness/page"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file holds the stops of the tour at the administrator's pages.

func adminStops() []stop {
	policyPage := administering("/admin/policy")
	document := administering("/admin/policy/document")
	return []stop{
		{"admin-sign-in", page.AdminSignIn, "", outside("/admin/sign-in")},
		{"admin-sign-in-refused", page.AdminSignIn, page.InvalidField, then(outside("/admin/sign-in"),
			submitting("/admin/sign-in", map[string]string{"token": "a wrong one"}))},
		{"admin-policy", page.AdminPolicy, "", policyPage},
		{"admin-policy-refused", page.AdminPolicy, page.InvalidField, then(policyPage,
			submitting("/admin/policy", map[string]string{"maxPasskeys": "-1"}))},
		{"admin-policy-conflict", page.AdminPolicy, page.On(page.Conflict), then(policyPage,
			submitting("/admin/policy", map[string]string{"digest": "of another version", "maxPasskeys": "3"}))},
		{"admin-document", page.AdminDocument, "", document},
		{"admin-document-refused", page.AdminDocument, page.InvalidField, then(document,
			submitting("/admin/policy/document", map[string]string{"document": "maxPasskeys: many"}))},
		{"admin-outbox", page.AdminOutbox, page.On(page.Notice), then(having(viaApp, provider.LarkspurIDAndroid()), administering("/admin/outbox"))},
	}
}

// administering shows an address to the administrator.
func administering(path string) func(context.Context, *guide) error {
	return func(ctx context.Context, g *guide) error {
		if err := g.visitor.SignInAsAdmin(ctx); err != nil {
			return err
		}
		if err := g.Lend(ctx, g.visitor); err != nil {
			return err
		}
		return g.shows(ctx, path)
	}
}
