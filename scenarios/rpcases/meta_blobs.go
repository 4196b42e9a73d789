package rpcases

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
)

// MetadataRequired is a relying party that has the lists of all [MetadataServices], and takes only certified models that they
// know, by their certificates.
const MetadataRequired Variant = "metadata-required"

// listed is a model in one of the lists, by the last byte of its AAGUID.
type listed struct {
	number byte
	status []string // the oldest first
	anchor anchor
	batch  batch
}

// anchor is the certificate that a model's entry names.
type anchor int

const (
	anchorRoot anchor = iota
	anchorIntermediate
	anchorLeaf
)

// batch is the certificate that a model's last status report is limited to. Only attestation tells of which batch a device is, by
// its certificates; the certificateNumber of a report is that of a certification, and limits nothing.
type batch int

const (
	wholeModel       batch = iota
	thisBatch              // who issued the certificate that the model attests with
	thisCertificate        // that certificate
	thisRoot               // the root, which the statement does not bring
	otherBatch             // who issues another maker's
	otherCertificate       // another maker's
)

// aaguid is the model's.
func (l listed) aaguid() uuid.UUID { return modelNumber(l.number) }

func modelNumber(number byte) uuid.UUID {
	id := uuid.MustParse("5e1d2c3b-4a59-4687-9a8b-7c6d5e4f3000")
	id[15] = number
	return id
}

// The models, by number.
const (
	certifiedModel byte = iota + 1
	bypassedModel
	attestationKeyModel
	remoteKeyModel
	physicalKeyModel
	revokedModel
	updatableModel
	uncertifiedModel
	submittedModel
	mendedModel
	futureModel
	byIntermediateModel
	byLeafModel
	badSignatureModel
	foreignListModel
	gapInListModel
	noneListModel
	macListModel
	elsewhereListModel
	otherHostListModel
	staleListModel
	expiredListModel
	revokedIssuerModel
	revokedSignerModel
	rolledBackModel
	thisBatchModel
	thisCertificateModel
	thisRootModel
	otherBatchModel
	otherCertificateModel
	unlistedModel // in none
)

const (
	certified  = "FIDO_CERTIFIED_L1"
	stolenKeys = "ATTESTATION_KEY_COMPROMISE"
)

// models of the list that is right.
func goodModels() []listed {
	return []listed{
		{number: certifiedModel, status: []string{certified}},
		{number: bypassedModel, status: []string{certified, "USER_VERIFICATION_BYPASS"}},
		{number: attestationKeyModel, status: []string{certified, stolenKeys}},
		{number: remoteKeyModel, status: []string{certified, "USER_KEY_REMOTE_COMPROMISE"}},
		{number: physicalKeyModel, status: []string{certified, "USER_KEY_PHYSICAL_COMPROMISE"}},
		{number: revokedModel, status: []string{certified, "REVOKED"}},
		{number: updatableModel, status: []string{certified, "UPDATE_AVAILABLE"}},
		{number: uncertifiedModel, status: []string{"NOT_FIDO_CERTIFIED"}},
		{number: submittedModel, status: []string{"SELF_ASSERTION_SUBMITTED"}},
		{number: mendedModel, status: []string{"USER_KEY_REMOTE_COMPROMISE", certified}},
		{number: futureModel, status: []string{certified, "A_STATUS_THAT_NOBODY_KNOWS_YET"}},
		{number: byIntermediateModel, status: []string{certified}, anchor: anchorIntermediate},
		{number: byLeafModel, status: []string{certified}, anchor: anchorLeaf},
		{number: thisBatchModel, status: []string{certified, stolenKeys}, batch: thisBatch},
		{number: thisCertificateModel, status: []string{certified, stolenKeys}, batch: thisCertificate},
		{number: thisRootModel, status: []string{certified, stolenKeys}, batch: thisRoot},
		{number: otherBatchModel, status: []string{certified, stolenKeys}, batch: otherBatch},
		{number: otherCertificateModel, status: []string{certified, stolenKeys}, batch: otherCertificate},
	}
}

// MetadataServices are the lists of the suite's models, the first of which is right and all others are not, or are stale, each
// with a model of its own. A relying party is given all of them, as that of MetadataRequired is.
func MetadataServices(ctx context.Context, authority *attestation.Authority, now time.Time) ([]subject.SignedMetadata, error) {
	root, err := authority.MetadataRoot()
	if err != nil {
		return nil, fmt.Errorf("rpcases: metadata: %w", err)
	}
	type lie = metadata.Misbehaviour
	later := now.AddDate(1, 0, 0)
	var all []subject.SignedMetadata
	for _, list := range []struct {
		models []listed
		next   time.Time
		lie    lie
	}{
		{goodModels(), later, lie{}},
		{oneModel(badSignatureModel), later, lie{BadSignature: true}},
		{oneModel(foreignListModel), later, lie{ForeignRoot: true}},
		{oneModel(gapInListModel), later, lie{OmitIntermediate: true}},
		{oneModel(expiredListModel), later, lie{Expired: true}},
		{oneModel(noneListModel), later, lie{Algorithm: "none"}},
		{oneModel(macListModel), later, lie{Algorithm: "HS256"}},
		{oneModel(elsewhereListModel), later, lie{X5U: "https://elsewhere.example/chain.pem"}},
		{oneModel(otherHostListModel), later, lie{Host: "mds.elsewhere.example"}},
		{oneModel(staleListModel), now.AddDate(0, -1, 0), lie{}},
	} {
		entries, err := entriesOf(ctx, authority, list.models)
		if err != nil {
			return nil, err
		}
		token, err := metadata.BLOB{Number: 1, NextUpdate: list.next, Entries: entries, Misbehave: list.lie}.Sign(authority)
		if err != nil {
			return nil, fmt.Errorf("rpcases: %w", err)
		}
		all = append(all, subject.SignedMetadata{Token: token, Root: root, Signer: metadata.Host})
	}
	revoked, err := revokedServices(ctx, authority, later)
	if err != nil {
		return nil, err
	}
	older, err := rolledBack(ctx, authority, later)
	return append(append(all, revoked...), older), err
}

// entriesOf is what a list says about models that attest by an authority.
func entriesOf(ctx context.Context, authority *attestation.Authority, models []listed) ([]metadata.Entry, error) {
	var all []metadata.Entry
	for _, model := range models {
		entry, err := model.entry(ctx, authority)
		if err != nil {
			return nil, fmt.Errorf("rpcases: metadata of model %d: %w", model.number, err)
		}
		all = append(all, entry)
	}
	return all, nil
}

// revokedServices are two lists, each signed by an authority of its own: the issuer of who signs the first was revoked, and who signs the
// second.
func revokedServices(ctx context.Context, authority *attestation.Authority, later time.Time) ([]subject.SignedMetadata, error) {
	var all []subject.SignedMetadata
	for _, one := range []struct {
		seed, host string
		model      byte
	}{{"passkeylab rp cases, revoked issuer", "", revokedIssuerModel}, {"passkeylab rp cases, revoked signer", metadata.Host, revokedSignerModel}} {
		signing := attestation.NewAuthority([]byte(one.seed), start)
		root, err := signing.MetadataRoot()
		if err != nil {
			return nil, fmt.Errorf("rpcases: metadata: %w", err)
		}
		revoked, err := signing.MetadataRevocation(one.host)
		if err != nil {
			return nil, fmt.Errorf("rpcases: metadata: %w", err)
		}
		entries, err := entriesOf(ctx, authority, oneModel(one.model))
		if err != nil {
			return nil, err
		}
		token, err := metadata.BLOB{Number: 1, NextUpdate: later, Entries: entries}.Sign(signing)
		if err != nil {
			return nil, fmt.Errorf("rpcases: %w", err)
		}
		all = append(all, subject.SignedMetadata{Token: token, Root: root, Signer: metadata.Host, Revoked: []*x509.RevocationList{revoked}})
	}
	return all, nil
}

// rolledBack is a service that goes back to a list with a lower number, which alone has a model.
func rolledBack(ctx context.Context, authority *attestation.Authority, later time.Time) (service subject.SignedMetadata, err error) {
	service.Signer = metadata.Host
	if service.Root, err = authority.MetadataRoot(); err != nil {
		return service, fmt.Errorf("rpcases: metadata: %w", err)
	}
	entries, err := entriesOf(ctx, authority, oneModel(rolledBackModel))
	if err != nil {
		return service, err
	}
	if service.Token, err = (metadata.BLOB{Number: 7, NextUpdate: later}).Sign(authority); err != nil {
		return service, fmt.Errorf("rpcases: %w", err)
	}
	if service.Then, err = (metadata.BLOB{Number: 6, NextUpdate: later, Entries: entries}).Sign(authority); err != nil {
		return service, fmt.Errorf("rpcases: %w", err)
	}
	return service, nil
}

// oneModel is one certified model.
func oneModel(number byte) []listed { return []listed{{number: number, status: []string{certified}}} }

// entry is what a list says about the model.
func (l listed) entry(ctx context.Context, authority *attestation.Authority) (metadata.Entry, error) {
	model := metadata.Model{Description: fmt.Sprintf("Model %d", l.number), Since: start, AttestationTypes: []attestation.Type{attestation.Basic}}
	for i, status := range l.status {
		model.Status = append(model.Status, metadata.StatusReport{Status: status, EffectiveDate: start.AddDate(0, i, 0).Format(time.DateOnly)})
	}
	if err := l.limit(authority, &model.Status[len(model.Status)-1]); err != nil {
		return metadata.Entry{}, err
	}
	info, err := infoOf(ctx, l.aaguid())
	if err != nil {
		return metadata.Entry{}, err
	}
	info.Extensions = []string{"hmac-secret"}
	model.GetInfo = info
	anchored, err := l.anchoredAt(authority)
	if err != nil {
		return metadata.Entry{}, err
	}
	model.Roots = []*x509.Certificate{anchored}
	return metadata.Describe(model)
}

// limit names in a report the certificate that it is limited to.
func (l listed) limit(authority *attestation.Authority, report *metadata.StatusReport) error {
	if l.batch == otherBatch || l.batch == otherCertificate {
		authority = anotherMaker()
	}
	root, err := authority.Root()
	if err != nil {
		return err
	}
	chain, err := chainOf(authority, l.aaguid())
	if err != nil {
		return err
	}
	switch l.batch {
	case thisBatch, otherBatch:
		report.BatchCertificate = chain[1].Raw
	case thisCertificate, otherCertificate:
		report.Certificate = chain[0].Raw
	case thisRoot:
		report.BatchCertificate = root.Raw
	}
	return nil
}

// anchoredAt is the certificate that the entry names.
func (l listed) anchoredAt(authority *attestation.Authority) (*x509.Certificate, error) {
	if l.anchor == anchorRoot {
		return authority.Root()
	}
	chain, err := chainOf(authority, l.aaguid())
	if err != nil {
		return nil, err
	}
	if l.anchor == anchorLeaf {
		return chain[0], nil
	}
	return chain[1], nil
}
