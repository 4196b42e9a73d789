package tpmstore

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/keystoretest"
)

var _ keystore.Certifier = (*Store)(nil)

func TestTheAttestationKeyCertifiesKeys(t *testing.T) {
	for _, attestation := range []cose.Algorithm{cose.ES256, cose.RS256} {
		t.Run(attestation.String(), func(t *testing.T) {
			overEach(t, func(t *testing.T, backend Backend) {
				store, _ := opened(t, backend, Config{AttestationKey: attestation})
				certifier, err := store.AttestationKey(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if certifier.Algorithm() != attestation {
					t.Fatalf("the attestation key is for %v", certifier.Algorithm())
				}
				for _, algorithm := range algorithms {
					handle, key := created(t, store, algorithm)
					certification, err := store.Certify(t.Context(), handle, bytes.Repeat([]byte{7}, maxExtraData))
					if err != nil {
						t.Fatal(err)
					}
					if err := keystoretest.Verify(certifier, certification.Attest, certification.Signature); err != nil {
						t.Errorf("%v: %v", algorithm, err)
					}
					checkCertification(t, certification, key)
				}
			})
		})
	}
}

// checkCertification looks at what a relying party looks at (WebAuthn L3 §8.3).
func checkCertification(t *testing.T, c keystore.Certification, key cose.Key) {
	t.Helper()
	attest, err := tpm2.Unmarshal[tpm2.TPMSAttest](c.Attest)
	if err != nil {
		t.Fatal(err)
	}
	if attest.Magic != tpm2.TPMGeneratedValue || attest.Type != tpm2.TPMSTAttestCertify {
		t.Errorf("magic %#x, type %#x", attest.Magic, attest.Type)
	}
	if !bytes.Equal(attest.ExtraData.Buffer, bytes.Repeat([]byte{7}, maxExtraData)) {
		t.Errorf("extra data %x", attest.ExtraData.Buffer)
	}
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](c.Public)
	if err != nil {
		t.Fatal(err)
	}
	name, err := tpm2.ObjectName(public)
	if err != nil {
		t.Fatal(err)
	}
	certified, err := attest.Attested.Certify()
	if err != nil || !bytes.Equal(certified.Name.Buffer, name.Buffer) {
		t.Errorf("certified is %x, want %x; %v", certified.Name.Buffer, name.Buffer, err)
	}
	parts, ok := recipes[key.Algorithm()].split(c.Public)
	if !ok {
		t.Fatalf("public area %x", c.Public)
	}
	if of, err := publicKey(key.Algorithm(), parts); err != nil || !bytes.Equal(of.Encode(), key.Encode()) {
		t.Errorf("the public area is of another key, %v", err)
	}
	if a := public.ObjectAttributes; !a.FixedTPM || !a.FixedParent || !a.SensitiveDataOrigin {
		t.Errorf("the certified key may leave the TPM: %+v", a)
	}
}

func TestCertifyRefuses(t *testing.T) {
	store, _ := opened(t, Swtpm{}, Config{})
	handle, _ := created(t, store, cose.ES256)
	hidden, err := store.CreateSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	deleted, _ := created(t, store, cose.ES256)
	if err := store.Delete(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		handle keystore.Handle
		extra  int
		want   error
	}{
		{"65 bytes of extra data", handle, maxExtraData + 1, ErrExtraData},
		{"a secret", hidden, 0, keystore.ErrUnknownHandle},
		{"a deleted key", deleted, 0, keystore.ErrUnknownHandle},
		{"rubbish", keystore.Handle("rubbish"), 0, keystore.ErrUnknownHandle},
	} {
		if _, err := store.Certify(t.Context(), c.handle, make([]byte, c.extra)); !errors.Is(err, c.want) {
			t.Errorf("Certify of %s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestOpenRefusesAnAttestationKeyOfAnotherKind(t *testing.T) {
	for _, algorithm := range []cose.Algorithm{cose.EdDSA, cose.ES384, secret - 1} {
		_, err := Open(t.Context(), Swtpm{}, Config{AttestationKey: algorithm})
		if !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
			t.Errorf("Open with %v: %v, want ErrUnsupportedAlgorithm", algorithm, err)
		}
	}
}

func TestKeysCannotLeaveTheTPM(t *testing.T) {
	overEach(t, func(t *testing.T, backend Backend) {
		store, _ := opened(t, backend, Config{})
		if _, exports := keystore.KeyStore(store).(keystore.Exporter); exports {
			t.Error("the store is an Exporter")
		}
		hidden, err := store.CreateSecret(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		signing, _ := created(t, store, cose.ES256)
		rsa, _ := created(t, store, cose.RS256)
		for name, handle := range map[string]keystore.Handle{"a secret": hidden, "an ES256 key": signing, "an RS256 key": rsa} {
			within(t, store, func(m *machine) error {
				stays(t, m, name, handle)
				return nil
			})
		}
	})
}

// stays tries what TPM 2.0 has to bring a key out of the TPM: duplicating it, as it is and by policy, and unsealing it.
func stays(t *testing.T, m *machine, name string, handle keystore.Handle) {
	w, err := decode(handle)
	if err == nil {
		err = m.load(handle, w)
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := tpm2.ReadPublic{ObjectHandle: m.current.handle}.Execute(m)
	if err != nil {
		t.Fatal(err)
	}
	contents, err := public.OutPublic.Contents()
	if err != nil {
		t.Fatal(err)
	}
	if a := contents.ObjectAttributes; !a.FixedTPM || !a.FixedParent || !a.SensitiveDataOrigin || a.Decrypt || len(contents.AuthPolicy.Buffer) != 0 {
		t.Errorf("%s has the attributes %+v and policy %x", name, a, contents.AuthPolicy.Buffer)
	}
	byPolicy := tpm2.Policy(tpm2.TPMAlgSHA256, 16, tpm2.PolicyCallback(duplicationPolicy))
	for _, auth := range []tpm2.Session{tpm2.PasswordAuth(nil), byPolicy} {
		_, err := tpm2.Duplicate{
			ObjectHandle:    tpm2.AuthHandle{Handle: m.current.handle, Name: m.current.name, Auth: auth},
			NewParentHandle: tpm2.TPMRHNull,
			Symmetric:       tpm2.TPMTSymDef{Algorithm: tpm2.TPMAlgNull},
		}.Execute(m)
		var code tpm2.TPMRC
		if !errors.As(err, &code) {
			t.Errorf("duplicating %s: %v, want the TPM's refusal", name, err)
		}
	}
	if _, err := (tpm2.Unseal{ItemHandle: m.current.auth()}).Execute(m); err == nil {
		t.Errorf("%s was unsealed", name)
	}
}

// duplicationPolicy is the policy that a key must have to be duplicated.
func duplicationPolicy(tpm transport.TPM, session tpm2.TPMISHPolicy, _ tpm2.TPM2BNonce) error {
	_, err := tpm2.PolicyCommandCode{PolicySession: session, Code: tpm2.TPMCCDuplicate}.Execute(tpm)
	return err
}

func TestTheAttestationKeySignsNothingElse(t *testing.T) {
	store, _ := opened(t, Swtpm{}, Config{})
	if _, err := store.AttestationKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := store.do(context.WithoutCancel(t.Context()), func(m *machine) error {
		_, err := tpm2.Sign{
			KeyHandle:  m.attester.auth(),
			Digest:     tpm2.TPM2BDigest{Buffer: make([]byte, 32)},
			Validation: tpm2.TPMTTKHashCheck{Tag: tpm2.TPMSTHashCheck, Hierarchy: tpm2.TPMRHNull},
		}.Execute(m)
		return err
	})
	if !errors.Is(err, tpm2.TPMRCTicket) {
		t.Errorf("signing what the TPM did not hash: %v, want TPM_RC_TICKET", err)
	}
}
