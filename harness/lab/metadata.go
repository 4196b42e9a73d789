package lab

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/mds"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// This file is the stage's own FIDO Metadata Service: a BLOB that the stage's authority signs, and that our own relying
// party verifies as it would FIDO's.

// aaguidCertifiedKey is the AAGUID of CertifiedKey, of this module's own.
var aaguidCertifiedKey = uuid.MustParse("5d0c3f1b-2a77-4c4e-9f42-8be1a60d7c35")

// CertifiedKey is a USB security key that proves its model: a packed statement with a certificate of the stage's
// authority. The metadata of every stage lists it as certified.
func CertifiedKey() provider.Provider {
	key := provider.USBSecurityKey()
	key.Name = "Certified security key"
	key.Model.AAGUID = aaguidCertifiedKey
	key.Model.Attestation, key.Model.AttestationType = attestation.FormatPacked, attestation.Basic
	key.Model.Extensions = []string{ctap2.ExtensionHMACSecret}
	return key
}

// listedFor is how long after a stage is raised its metadata says that there will be another.
const listedFor = 365 * 24 * time.Hour

// openMetadata publishes a BLOB with the models in the stage's folder and returns what the relying party asks.
func (s *Stage) openMetadata(ctx context.Context, dir string, models []provider.Provider) (rp.Metadata, error) {
	token, err := s.signModels(ctx, models)
	if ended := ctx.Err(); err != nil && ended != nil { // an authenticator that is interrupted tells that in a status of its own
		err = errors.Join(ended, err)
	}
	if err != nil {
		return nil, fmt.Errorf("make the metadata: %w", err)
	}
	path := filepath.Join(dir, "metadata.jwt")
	if err := os.WriteFile(path, token, 0o600); err != nil {
		return nil, fmt.Errorf("publish the metadata: %w", err)
	}
	root, err := s.authority.MetadataRoot()
	if err != nil {
		return nil, err
	}
	service, err := mds.New(mds.Config{
		Location: path, Clock: unawaited{s.Clock}, Rand: s.random, Log: s.lab.options.Log,
		Verifier: mds.Verifier{Roots: []*x509.Certificate{root}, Signer: metadata.Host},
	})
	if err != nil {
		return nil, err
	}
	if err := service.Load(ctx); err != nil {
		return nil, err
	}
	if problems := service.BLOB().Problems; len(problems) > 0 {
		return nil, fmt.Errorf("read the metadata: %w", errors.Join(problems...))
	}
	return rp.FIDOMetadata(service, s.Clock), nil
}

func (s *Stage) signModels(ctx context.Context, models []provider.Provider) ([]byte, error) {
	blob := metadata.BLOB{Number: 1, NextUpdate: s.Clock.Now().Add(listedFor)}
	for _, p := range models {
		entry, err := s.describe(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		blob.Entries = append(blob.Entries, entry)
	}
	return blob.Sign(s.authority)
}

// describe makes the entry of a model from what one of its devices tells, certified since before the stage.
func (s *Stage) describe(ctx context.Context, p provider.Provider) (metadata.Entry, error) {
	device := virtualauth.New(p.Model, virtualauth.World{Clock: s.Clock, Rand: Randomness(0, p.Name), Authority: s.authority})
	answer, err := device.Exchange(ctx, []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		return metadata.Entry{}, err
	}
	if len(answer) == 0 || answer[0] != 0 {
		return metadata.Entry{}, fmt.Errorf("getInfo answers %x; a model without it cannot be listed", answer)
	}
	info, err := metadata.ParseGetInfo(answer[1:])
	if err != nil {
		return metadata.Entry{}, err
	}
	root, err := s.authority.Root()
	if err != nil {
		return metadata.Entry{}, err
	}
	since := s.Clock.Now().Add(-attestedBefore)
	return metadata.Describe(metadata.Model{
		GetInfo: info, Description: p.Name, Since: since, Roots: []*x509.Certificate{root},
		AttestationTypes: []attestation.Type{attestation.Basic},
		Status:           []metadata.StatusReport{{Status: "FIDO_CERTIFIED_L1", EffectiveDate: since.Format(time.DateOnly)}},
	})
}

// unawaited is a stage's clock for a service that nobody lets refresh itself: what waits by it waits for ever.
type unawaited struct{ *Clock }

// After implements mds.Clock.
func (unawaited) After(time.Duration) <-chan time.Time { return nil }
