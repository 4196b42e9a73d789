package virtualauth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cxf"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// Errors for passkeys that the Credential Exchange Format has no room for; test for them with errors.Is.
var (
	// ErrCounted says that a passkey's signature counter is not zero. An importer could not go on counting, and a relying
	// party would take it for a clone (CXF 1.0, passkey, signature counters; WebAuthn L3 §6.1.1).
	ErrCounted = errors.New("virtualauth: the passkey's signature counter is not zero")
	// ErrNotDiscoverable says that a credential is no passkey.
	ErrNotDiscoverable = errors.New("virtualauth: the credential is not discoverable")
)

// ExportAccount returns all passkeys that may leave, oldest first and one an item, in the Credential Exchange Format, and the
// credentials that stay. What only the caller knows, the account's own id and names, is left for it to fill in.
func (a *Authenticator) ExportAccount(ctx context.Context) (account cxf.Account, stayed []Stayed) {
	for _, c := range a.Credentials() {
		item, err := a.exportItem(ctx, c)
		if err != nil {
			stayed = append(stayed, Stayed{c, err})
		} else {
			account.Items = append(account.Items, item)
		}
	}
	return account, stayed
}

func (a *Authenticator) exportItem(ctx context.Context, c Credential) (cxf.Item, error) {
	switch {
	case !c.Discoverable:
		return cxf.Item{}, ErrNotDiscoverable
	case c.SignCount != 0:
		return cxf.Item{}, ErrCounted
	}
	p, err := a.Export(ctx, c.ID)
	if err != nil {
		return cxf.Item{}, err
	}
	id := sha256.Sum256(p.ID) // the same each time, and telling nothing
	return cxf.Item{
		ID: id[:16], CreatedAt: p.CreatedAt, Title: cmp.Or(p.RPName, p.RPID), Subtitle: p.UserName,
		Credentials: []cxf.Credential{{Passkey: p.passkey()}},
	}, nil
}

func (p Portable) passkey() *cxf.Passkey {
	passkey := &cxf.Passkey{
		CredentialID: p.ID, RPID: p.RPID, UserName: p.UserName, UserDisplayName: p.UserDisplayName, UserHandle: p.UserHandle,
		Key: p.PrivateKey, Extensions: cxf.Extensions{CredBlob: p.CredBlob, Payments: p.ThirdPartyPayment},
	}
	if p.Secrets != nil {
		passkey.Extensions.HMACCredentials = &cxf.HMACCredentials{
			Algorithm: cxf.HMACSHA256, WithUV: p.Secrets.WithUV, WithoutUV: p.Secrets.WithoutUV,
		}
	}
	if p.LargeBlob != nil {
		passkey.Extensions.LargeBlob = &cxf.LargeBlob{UncompressedSize: uint64(p.LargeBlob.OriginalSize), Data: p.LargeBlob.Data}
	}
	return passkey
}

// ImportAccount adds the passkeys of an account, in its order, and returns those that could not be, each with the error of
// Import. They are backup eligible, backed up where the model syncs, and never count: their signature counters stay zero.
// The format does not say which algorithm a key is for; it is the first of the model's that the key store takes it for.
func (a *Authenticator) ImportAccount(ctx context.Context, account cxf.Account) (stayed []Stayed) {
	for _, item := range account.Items {
		for _, credential := range item.Credentials {
			if credential.Passkey == nil {
				continue
			}
			p := a.portable(item, credential.Passkey)
			if err := a.importAny(ctx, p); err != nil {
				stayed = append(stayed, Stayed{p.Credential, err})
			}
		}
	}
	return stayed
}

// importAny imports a credential with the first algorithm that its key fits.
func (a *Authenticator) importAny(ctx context.Context, p Portable) error {
	var failed error
	for _, p.Algorithm = range a.model.algorithms() {
		err := a.Import(ctx, p)
		if !errors.Is(err, keystore.ErrMalformedKey) && !errors.Is(err, keystore.ErrUnsupportedAlgorithm) {
			return err
		}
		failed = errors.Join(failed, fmt.Errorf("as %v: %w", p.Algorithm, err))
	}
	return failed
}

func (a *Authenticator) portable(item cxf.Item, passkey *cxf.Passkey) Portable {
	p := Portable{
		Credential: Credential{
			ID: passkey.CredentialID, RPID: passkey.RPID, UserHandle: passkey.UserHandle,
			UserName: passkey.UserName, UserDisplayName: passkey.UserDisplayName,
			Discoverable: true, BackupEligible: true, BackupState: a.model.Backup == Synced, NeverCounts: true,
			CreatedAt: item.CreatedAt,
			ExtensionData: ExtensionData{
				CredBlob: passkey.Extensions.CredBlob, ThirdPartyPayment: passkey.Extensions.Payments,
			},
		},
		PrivateKey: bytes.Clone(passkey.Key),
	}
	if p.CreatedAt.IsZero() && a.world.Clock != nil { // as the format asks importers to assume
		p.CreatedAt = a.world.Clock.Now().Truncate(time.Second)
	}
	if h := passkey.Extensions.HMACCredentials; h != nil && h.Algorithm == cxf.HMACSHA256 {
		p.Secrets = &Secrets{WithUV: h.WithUV, WithoutUV: h.WithoutUV}
	}
	if b := passkey.Extensions.LargeBlob; b != nil {
		p.LargeBlobCapable, p.LargeBlob = true, &LargeBlob{Data: b.Data, OriginalSize: uint(b.UncompressedSize)}
	}
	return p
}
