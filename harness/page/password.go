package page

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// The fields of the page that changes a password, by their names.
const (
	currentPasswordField = "input[name=currentPassword]"
	newPasswordField     = "input[name=newPassword]"
)

// TypePasswords fills the two fields of the page that changes a password.
func TypePasswords(ctx context.Context, p *browser.Page, current, wanted string) error {
	if err := fillIn(ctx, p, currentPasswordField, current); err != nil {
		return err
	}
	return fillIn(ctx, p, newPasswordField, wanted)
}

// PasswordShown reports whether what is typed as the new password can be read.
func PasswordShown(ctx context.Context, p *browser.Page) (shown bool, err error) {
	if err = p.Evaluate(ctx, fmt.Sprintf("document.querySelector(%q).type === 'text'", newPasswordField), &shown); err != nil {
		return false, fmt.Errorf("page: look at %s: %w", newPasswordField, err)
	}
	return shown, nil
}
