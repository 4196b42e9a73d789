package lab

import (
	"errors"
	"testing"
)

const (
	oneCard = `<ul><li data-test="card" data-credential="BBBB"><h3 title="x"><bdi>Mia&#39;s &lt;b&gt;key</bdi></h3>` +
		`<form action="/security-info/passkeys/AAAABBBB/rename"></form></li></ul>`
	emptyList = `<div data-test="hero"></div>`
)

func TestPasskeysOnAPage(t *testing.T) {
	list, err := passkeysIn([]byte(oneCard))
	if err != nil || len(list) != 1 || list[0].Name != "Mia's <b>key" || list[0].Key() != "AAAABBBB" {
		t.Errorf("%+v, %v; want one passkey with its name and id", list, err)
	}
	if list, err := passkeysIn([]byte(emptyList)); err != nil || len(list) != 0 {
		t.Errorf("an empty list: %v, %v", list, err)
	}
	if _, err := passkeysIn([]byte(`<div data-test="list-failed"></div>`)); !errors.Is(err, ErrNoList) {
		t.Errorf("a list that could not be loaded: %v, want ErrNoList", err)
	}
	for name, page := range map[string]string{
		"no id":       `<li data-test="card" data-credential="BBBB"><h3>Key</h3></li>`,
		"another id":  `<li data-test="card" data-credential="CCCC"><h3>Key</h3><form action="/passkeys/AAAABBBB/rename"></form></li>`,
		"a broken id": `<li data-test="card"><h3>Key</h3><form action="/passkeys/*/rename"></form></li>`,
	} {
		if list, err := passkeysIn([]byte(page)); err == nil {
			t.Errorf("%s: %+v, want an error", name, list)
		}
	}
}

func TestSecretOnAPage(t *testing.T) {
	if got, err := secretIn([]byte(`<p><span data-test="totp-secret"> JBSW </span>`)); err != nil || got != "JBSW" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := secretIn([]byte(emptyList)); !errors.Is(err, ErrNoSecret) {
		t.Errorf("a page without a secret: %v, want ErrNoSecret", err)
	}
}

func FuzzPages(f *testing.F) {
	for _, seed := range []string{oneCard, emptyList, "", "<", `<form action="/rename">`, `<li data-test="card"><form action="/rename">`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		list, err := passkeysIn(page)
		if err == nil && list == nil {
			t.Error("neither a list nor an error")
		}
		for _, passkey := range list {
			if len(passkey.ID) == 0 {
				t.Error("a passkey without an id")
			}
		}
		if secret, err := secretIn(page); (err == nil) == (secret == "") {
			t.Errorf("secret %q with error %v", secret, err)
		}
	})
}
