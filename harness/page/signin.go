package page

import (
	"context"
	"fmt"

	"github.com/passkeylab/passkeylab/harness/browser"
)

// Field is the id of a form field: fields are found by it because their labels
// are read by people in many languages.
type Field string

// The fields.
const (
	UserName    Field = "userName"
	Password    Field = "password"
	OneTimeCode Field = "code"
	PasskeyName Field = "name" // on S10
)

func (f Field) selector() string { return "#" + string(f) }

// Fill replaces the text of a field.
func Fill(ctx context.Context, p *browser.Page, field Field, text string) error {
	return fillIn(ctx, p, field.selector(), text)
}

// RenameTo replaces the text of the open rename dialog's field.
func RenameTo(ctx context.Context, p *browser.Page, text string) error {
	return fillIn(ctx, p, DialogRename.selector()+" input[name=name]", text)
}

func fillIn(ctx context.Context, p *browser.Page, selector, text string) error {
	element, err := visible(ctx, p, selector)
	if err != nil {
		return fmt.Errorf("page: fill %s: %w", selector, err)
	}
	if err := element.Context(ctx).SelectAllText(); err != nil {
		return fmt.Errorf("page: fill %s: %w", selector, err)
	}
	if err := p.Rod.Context(ctx).InsertText(text); err != nil {
		return fmt.Errorf("page: fill %s: %w", selector, err)
	}
	return nil
}

// SignInWithPassword fills the sign-in page's password form and sends it.
func SignInWithPassword(ctx context.Context, p *browser.Page, userName, password, code string) error {
	for _, filled := range []struct {
		field Field
		text  string
	}{{UserName, userName}, {Password, password}, {OneTimeCode, code}} {
		if err := Fill(ctx, p, filled.field, filled.text); err != nil {
			return err
		}
	}
	return PressHook(ctx, p, PasswordSignIn)
}

// Prove fills the proof page's code field and sends it.
func Prove(ctx context.Context, p *browser.Page, code string) error {
	if err := Fill(ctx, p, OneTimeCode, code); err != nil {
		return err
	}
	return PressHook(ctx, p, Primary)
}
