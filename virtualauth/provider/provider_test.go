package provider_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

type still time.Time

func (s still) Now() time.Time { return time.Time(s) }

// habits is what a relying party, or a client, notices of a provider.
type habits struct {
	aaguid     string
	flags      authdata.Flags
	counts     bool
	format     string
	attachment string
	transports []string
	again      ctap2.Status // the same account once more, without an exclude list
	remain     int          // credentials after that
}

var (
	onPhone = []string{"hybrid", "internal"}
	bound   = authdata.UP | authdata.UV | authdata.AT
	synced  = bound | authdata.BE | authdata.BS
)

func TestHabits(t *testing.T) {
	unlisted := uuid.MustParse("00000000-0000-4000-8000-000000000001")
	for _, c := range []struct {
		provider provider.Provider
		want     habits
	}{
		{provider.LarkspurIDAndroid(), habits{"dd868f11-004c-544f-b49b-35dacdd504e4", bound, true, "none", "platform", onPhone, ctap2.OperationDenied, 1}},
		{provider.LarkspurIDIOS(), habits{"6cc1c3db-69b4-3b8b-b322-c395e1f5fa0b", bound, true, "none", "platform", onPhone, ctap2.OperationDenied, 1}},
		{provider.GooglePasswordManager(), habits{"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", synced, false, "none", "platform", onPhone, ctap2.OK, 1}},
		{provider.SamsungPass(), habits{"53414d53-554e-4700-0000-000000000000", synced, false, "none", "platform", onPhone, ctap2.OK, 1}},
		{provider.ApplePasswords(), habits{"fbfc3007-154e-4ecc-8c0b-6e020557d7bd", synced, false, "none", "platform", onPhone, ctap2.OK, 1}},
		{provider.OnePassword(), habits{"bada5566-a7aa-401f-bd96-45619a55120d", synced, false, "none", "platform", onPhone, ctap2.OK, 2}},
		{provider.Bitwarden(), habits{"d548826e-79b4-db40-a3d8-11116f7e8349", synced, false, "none", "platform", onPhone, ctap2.OK, 2}},
		{provider.WindowsHello(), habits{"08987058-cadc-4b81-b6e1-30de50dcbe96", bound, true, "none", "platform", []string{"internal"}, ctap2.OK, 1}},
		{provider.USBSecurityKey(), habits{"7d2fa1c6-93b5-4e08-8a41-c05e6f1b29d3", bound, true, "packed", "cross-platform", []string{"usb"}, ctap2.OK, 1}},
		{provider.Undisclosed(), habits{"00000000-0000-0000-0000-000000000000", synced, false, "none", "platform", onPhone, ctap2.OK, 1}},
		{provider.Unknown(unlisted), habits{unlisted.String(), synced, false, "none", "platform", onPhone, ctap2.OK, 1}},
	} {
		t.Run(c.provider.Name, func(t *testing.T) {
			if got := observe(t, c.provider.Model); !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// observe registers, signs in and registers again.
func observe(t *testing.T, model virtualauth.Model) habits {
	t.Helper()
	a := virtualauth.New(model, virtualauth.World{Clock: still(time.Unix(1772366400, 0)), Rand: rand.NewChaCha8([32]byte{})})
	hash := make([]byte, 32)
	request := &ctap2.MakeCredentialRequest{
		ClientDataHash: hash, RP: ctap2.RelyingParty{ID: "login.example"}, User: ctap2.User{ID: []byte{1}, Name: "ada"},
		Parameters: []ctap2.Parameters{{Algorithm: cose.ES256, Type: ctap2.PublicKey}},
		Options:    &ctap2.Options{ResidentKey: new(true), UserVerification: new(true)},
	}
	made, err := ctap2.MakeCredential(t.Context(), a, request)
	if err != nil {
		t.Fatal(err)
	}
	first, err := authdata.Parse(made.AuthData)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ctap2.GetAssertion(t.Context(), a, &ctap2.GetAssertionRequest{RPID: "login.example", ClientDataHash: hash})
	if err != nil {
		t.Fatal(err)
	}
	second, err := authdata.Parse(got.AuthData)
	if err != nil {
		t.Fatal(err)
	}
	info, err := ctap2.GetInfo(t.Context(), a)
	if err != nil || info.AAGUID != first.Credential.AAGUID {
		t.Fatalf("getInfo names %v, the credential %v: %v", info.AAGUID, first.Credential.AAGUID, err)
	}
	_, err = ctap2.MakeCredential(t.Context(), a, request)
	again, _ := ctap2.StatusOf(err)
	return habits{
		first.Credential.AAGUID.String(), first.Flags, second.SignCount > first.SignCount, made.Format,
		model.Attachment.String(), model.Transports, again, len(a.Credentials()),
	}
}

func TestNamesAndAAGUIDsAreUnique(t *testing.T) {
	names, aaguids := map[string]bool{}, map[uuid.UUID]bool{}
	for _, p := range provider.All() {
		if names[p.Name] || aaguids[p.Model.AAGUID] || p.Model.AAGUID == uuid.Nil {
			t.Errorf("%s with %v is not unique", p.Name, p.Model.AAGUID)
		}
		names[p.Name], aaguids[p.Model.AAGUID] = true, true
		found, err := provider.ByName(" " + p.Name)
		if err != nil || !reflect.DeepEqual(found, p) {
			t.Errorf("ByName(%q): %+v, %v", p.Name, found, err)
		}
	}
	if got, err := provider.ByName("google PASSWORD manager"); err != nil || got.Name != "Google Password Manager" {
		t.Errorf("ByName in another case: %+v, %v", got, err)
	}
}

func TestAnUnknownNameIsNamed(t *testing.T) {
	var unknown *provider.NameError
	if _, err := provider.ByName("Passwords R Us"); !errors.As(err, &unknown) || unknown.Name != "Passwords R Us" {
		t.Errorf("got %v, want a *provider.NameError", err)
	}
}

// Changing what one call returned must not change what the next one does.
func TestProvidersShareNothing(t *testing.T) {
	provider.USBSecurityKey().Model.Transports[0] = "ble"
	if got := provider.USBSecurityKey().Model.Transports[0]; got != "usb" {
		t.Errorf("the catalogue now says %q", got)
	}
}
