package rp_test

import (
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// preferred is the policy of a laboratory: user verification only where a caller asks for it.
func preferred() func(*rp.Config) {
	return withPolicy(policy.Policy{UserVerification: policy.UserVerificationPreferred})
}

// directly registers a device with an account by direct ceremonies.
func (l *lab) directly(d *device, name string) *passkey {
	l.t.Helper()
	user := must(l.OpenAccount(l.ctx, name, ""))
	options := must(l.BeginDirectCreation(l.ctx, user.ID, rp.Direct{Binding: "b"}))
	made, body := d.create(l.t, must(options.JSON()))
	if _, err := l.FinishDirectCreation(l.ctx, "b", body); err != nil {
		l.t.Fatal(err)
	}
	return made
}

func TestDirectCeremonies(t *testing.T) {
	l := newLab(t, preferred())
	d := newDevice(appAndroid)
	made := l.directly(d, "ada")
	options := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "ADA"}))
	if list := options.Options.AllowedCredentials; len(list) != 1 {
		t.Fatalf("%d passkeys are listed", len(list))
	}
	body := d.get(t, must(options.JSON()), made)
	stored, err := l.FinishDirectRequest(l.ctx, "b", body)
	if err != nil || stored.LastUsedAt.IsZero() {
		t.Fatalf("%+v, %v", stored, err)
	}
	_, err = l.FinishDirectRequest(l.ctx, "b", body)
	wantRefused(t, err, rp.CodeSignInFailed)
	// Without a user name the response's own handle says who it is.
	options = must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b"}))
	if _, err := l.FinishDirectRequest(l.ctx, "b", d.get(t, must(options.JSON()), made)); err != nil {
		t.Error(err)
	}
}

// A challenge that was dictated is the one of the options, and the one that is verified.
func TestAChallengeCanBeDictated(t *testing.T) {
	l := newLab(t, preferred())
	d := newDevice(appAndroid)
	user := must(l.OpenAccount(l.ctx, "ada", ""))
	challenge := []byte("a challenge of a published vector")
	options := must(l.BeginDirectCreation(l.ctx, user.ID, rp.Direct{Binding: "b", Challenge: challenge}))
	if string(options.Options.Challenge) != string(challenge) {
		t.Fatalf("%q", options.Options.Challenge)
	}
	made, body := d.create(t, must(options.JSON()))
	if _, err := l.FinishDirectCreation(l.ctx, "b", body); err != nil {
		t.Fatal(err)
	}
	second := []byte("another challenge of that vector")
	request := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "ada", Challenge: second}))
	if string(request.Options.Challenge) != string(second) {
		t.Fatalf("%q", request.Options.Challenge)
	}
	if _, err := l.FinishDirectRequest(l.ctx, "b", d.get(t, must(request.JSON()), made)); err != nil {
		t.Error(err)
	}
}

func TestRelatedOriginsAreAccepted(t *testing.T) {
	related := func(c *rp.Config) { c.RelatedOrigins = []string{"https://larkspur.example"} }
	l := newLab(t, preferred(), related)
	d := newDevice(appAndroid)
	d.origin = "https://larkspur.example"
	made := l.directly(d, "ada")
	sign := func() error {
		options := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b"}))
		_, err := l.FinishDirectRequest(l.ctx, "b", d.get(t, must(options.JSON()), made))
		return err
	}
	if err := sign(); err != nil {
		t.Error(err)
	}
	d.origin = "https://sub.larkspur.example"
	wantRefused(t, sign(), rp.CodeSignInFailed)
	if got := l.Origins(); len(got) != 2 || got[0] != testOrigin || got[1] != "https://larkspur.example" {
		t.Errorf("%v", got)
	}
}

func TestAlgorithmsAreOfferedAsConfigured(t *testing.T) {
	l := newLab(t, preferred(), func(c *rp.Config) { c.Algorithms = []int64{-35, -7} })
	user := must(l.OpenAccount(l.ctx, "ada", ""))
	offered := must(l.BeginDirectCreation(l.ctx, user.ID, rp.Direct{Binding: "b"})).Options.Parameters
	if len(offered) != 2 || offered[0].Algorithm != -35 || offered[1].Algorithm != -7 {
		t.Errorf("%+v", offered)
	}
}

func TestDirectCeremoniesBelongToTheirVisitor(t *testing.T) {
	l := newLab(t, preferred())
	d := newDevice(appAndroid)
	made := l.directly(d, "ada")
	user := must(l.OpenAccount(l.ctx, "bob", "Bob"))
	creation := must(l.BeginDirectCreation(l.ctx, user.ID, rp.Direct{Binding: "b"}))
	_, body := newDevice(appAndroid).create(t, must(creation.JSON()))
	_, err := l.FinishDirectCreation(l.ctx, "another", body)
	wantRefused(t, err, rp.CodeVerificationFailed)
	request := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "ada"}))
	_, err = l.FinishDirectRequest(l.ctx, "another", d.get(t, must(request.JSON()), made))
	wantRefused(t, err, rp.CodeSignInFailed)
	_, err = l.FinishDirectRequest(l.ctx, "b", body)
	wantRefused(t, err, rp.CodeSignInFailed)
	_, err = l.FinishDirectCreation(l.ctx, "b", []byte("{"))
	wantRefused(t, err, rp.CodeVerificationFailed)
}

// A passkey that the options did not list is refused, though it is the same account's.
func TestDirectRequestsTakeListedPasskeysOnly(t *testing.T) {
	l := newLab(t, preferred())
	l.directly(newDevice(appAndroid), "ada")
	options := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "ada"}))
	later := newDevice(appAndroid)
	made := l.directly(later, "ada")
	_, err := l.FinishDirectRequest(l.ctx, "b", later.get(t, must(options.JSON()), made))
	wantRefused(t, err, rp.CodeSignInFailed)
}

func TestDirectWishes(t *testing.T) {
	l := newLab(t, preferred())
	user := must(l.OpenAccount(l.ctx, "ada", "Ada"))
	wishes := rp.Wishes{
		UserVerification: protocol.VerificationRequired, Attestation: protocol.PreferDirectAttestation, ResidentKey: protocol.ResidentKeyRequirementDiscouraged,
		Attachment: protocol.CrossPlatform,
	}
	options := must(l.BeginDirectCreation(l.ctx, user.ID, rp.Direct{Binding: "b", Wishes: wishes}))
	got := options.Options
	if s := got.AuthenticatorSelection; got.Attestation != "direct" || s.UserVerification != "required" || s.ResidentKey != "discouraged" || *s.RequireResidentKey || s.AuthenticatorAttachment != "cross-platform" {
		t.Errorf("%+v", got)
	}
	unverified := newDevice(appAndroid)
	unverified.flags &^= flagUV
	_, body := unverified.create(t, must(options.JSON()))
	_, err := l.FinishDirectCreation(l.ctx, "b", body)
	wantRefused(t, err, rp.CodeUVRequired)
	made := l.directly(unverified, "ada")
	request := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "ada", Wishes: wishes}))
	_, err = l.FinishDirectRequest(l.ctx, "b", unverified.get(t, must(request.JSON()), made))
	wantRefused(t, err, rp.CodeSignInFailed)

	strict := newLab(t) // the policy requires verification, whatever is wished for
	user = must(strict.OpenAccount(strict.ctx, "ada", ""))
	options = must(strict.BeginDirectCreation(strict.ctx, user.ID, rp.Direct{Binding: "b", Wishes: rp.Wishes{UserVerification: protocol.VerificationDiscouraged}}))
	if uv := options.Options.AuthenticatorSelection.UserVerification; uv != protocol.VerificationRequired {
		t.Errorf("user verification is %s", uv)
	}
}

func TestDirectCeremoniesEnd(t *testing.T) {
	l := newLab(t, preferred())
	user := must(l.OpenAccount(l.ctx, "ada", ""))
	options := must(l.BeginDirectCreation(l.ctx, user.ID, rp.Direct{Binding: "b"}))
	l.clock.add(time.Hour)
	_, body := newDevice(appAndroid).create(t, must(options.JSON()))
	_, err := l.FinishDirectCreation(l.ctx, "b", body)
	wantRefused(t, err, rp.CodeChallengeExpired)
	_, err = l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "ada"})
	wantRefused(t, err, rp.CodeSignInUnknown)
	_, err = l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: "nobody"})
	wantRefused(t, err, rp.CodeSignInUnknown)
	if _, err = l.OpenAccount(l.ctx, "a b", ""); len(rp.FieldErrors(err)) != 1 {
		t.Errorf("a user name with a space: %v", err)
	}
}

func TestNobodyLooksLikeSomebody(t *testing.T) {
	l := newLab(t, preferred(), func(c *rp.Config) { c.DecoyKey = []byte("a secret") })
	l.directly(newDevice(appAndroid), "ada")
	listed := func(name string) protocol.CredentialDescriptor {
		list := must(l.BeginDirectRequest(l.ctx, rp.Direct{Binding: "b", UserName: name})).Options.AllowedCredentials
		if len(list) != 1 || len(list[0].CredentialID) < 16 || list[0].Type != protocol.PublicKeyCredentialType {
			t.Fatalf("%s: %+v", name, list)
		}
		return list[0]
	}
	first, again, other := listed("nobody"), listed("NOBODY"), listed("somebody")
	if string(first.CredentialID) != string(again.CredentialID) || len(first.Transport) != len(again.Transport) || string(first.CredentialID) == string(other.CredentialID) {
		t.Errorf("%v %v %v", first, again, other)
	}
	if string(listed("ada").CredentialID) == string(first.CredentialID) {
		t.Error("somebody is nobody")
	}
}
