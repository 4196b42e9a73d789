package rpcases

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
	"github.com/passkeylab/passkeylab/virtualauth/authdata"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
)

// LabMetadata is a relying party that has the suite's metadata ([SignedModels]), and trusts its models by that alone.
const LabMetadata Variant = "lab-metadata"

// Further models of the metadata, beside LabAAGUID, whose anchor is the root of the suite's authority.
var (
	selfAAGUID    = uuid.MustParse("7f3c2b1a-5d4e-4f60-8a91-b2c3d4e5f608") // attests to itself
	pinnedAAGUID  = uuid.MustParse("7f3c2b1a-5d4e-4f60-8a91-b2c3d4e5f609") // its anchor is its certificate
	foreignAAGUID = uuid.MustParse("7f3c2b1a-5d4e-4f60-8a91-b2c3d4e5f60a") // its anchor is another maker's root
)

// anotherMaker is the authority of foreignAAGUID.
func anotherMaker() *attestation.Authority {
	return attestation.NewAuthority([]byte("passkeylab rp cases, another maker"), start)
}

// SignedModels returns the metadata of the suite's models as a service would publish it, with the root that its signature
// leads to and the name of who signs.
func SignedModels(ctx context.Context, authority *attestation.Authority, now time.Time) (token []byte, root *x509.Certificate, signer string, err error) {
	blob := metadata.BLOB{Number: 1, NextUpdate: now.AddDate(1, 0, 0)}
	for _, m := range []struct {
		aaguid uuid.UUID
		kind   attestation.Type
		anchor func() (*x509.Certificate, error)
	}{
		{LabAAGUID, attestation.Basic, authority.Root},
		{selfAAGUID, attestation.Self, nil},
		{pinnedAAGUID, attestation.Basic, func() (*x509.Certificate, error) { return certificateOf(authority, pinnedAAGUID) }},
		{foreignAAGUID, attestation.Basic, anotherMaker().Root},
		{uuid.Nil, attestation.Basic, authority.Root}, // of U2F
	} {
		model := metadata.Model{
			Description: "Model " + m.aaguid.String(), Since: start, AttestationTypes: []attestation.Type{m.kind},
			Status: []metadata.StatusReport{{Status: "FIDO_CERTIFIED_L1", EffectiveDate: start.Format(time.DateOnly)}},
		}
		if m.anchor != nil {
			anchor, err := m.anchor()
			if err != nil {
				return nil, nil, "", fmt.Errorf("rpcases: metadata: %w", err)
			}
			model.Roots = []*x509.Certificate{anchor}
		}
		if m.aaguid == uuid.Nil {
			model.Certificates, err = u2fCertificates(authority)
		} else {
			model.GetInfo, err = infoOf(ctx, m.aaguid)
		}
		if err != nil {
			return nil, nil, "", fmt.Errorf("rpcases: metadata: %w", err)
		}
		entry, err := metadata.Describe(model)
		if err != nil {
			return nil, nil, "", fmt.Errorf("rpcases: metadata: %w", err)
		}
		blob.Entries = append(blob.Entries, entry)
	}
	if token, err = blob.Sign(authority); err == nil {
		root, err = authority.MetadataRoot()
	}
	return token, root, metadata.Host, err
}

// infoOf is what a model says of itself, with numbers of vendor commands that no double-precision number holds. It tells no
// algorithms, so that its metadata lists ES256 alone.
func infoOf(ctx context.Context, aaguid uuid.UUID) (*metadata.GetInfo, error) {
	device := virtualauth.New(virtualauth.Model{AAGUID: aaguid}, virtualauth.World{Clock: clock(func() time.Time { return start }), Rand: zeros{}})
	answer, err := device.Exchange(ctx, []byte{byte(ctap2.CommandGetInfo)})
	if err != nil {
		return nil, err
	}
	info, err := metadata.ParseGetInfo(answer[1:])
	if err != nil {
		return nil, err
	}
	info.VendorPrototypeCommands = []uint64{1<<53 + 1, 1<<64 - 1}
	return info, nil
}

// certificateOf is the certificate that a model attests with.
func certificateOf(authority *attestation.Authority, aaguid uuid.UUID) (*x509.Certificate, error) {
	chain, err := chainOf(authority, aaguid)
	if err != nil {
		return nil, err
	}
	return chain[0], nil
}

// chainOf is that certificate and the one of who issued it.
func chainOf(authority *attestation.Authority, aaguid uuid.UUID) ([]*x509.Certificate, error) {
	statement, err := attestation.Make(attestation.FormatPacked, attestation.Subject{
		Type: attestation.Basic, Authority: authority, Algorithm: cose.ES256, Credential: authdata.AttestedCredential{AAGUID: aaguid},
	})
	if err != nil {
		return nil, err
	}
	var members struct {
		Certificates [][]byte `cbor:"x5c"`
	}
	if err := cbor.Unmarshal(statement.Body, &members); err != nil {
		return nil, err
	}
	if len(members.Certificates) < 2 {
		return nil, fmt.Errorf("a statement of %v with %d certificates", aaguid, len(members.Certificates))
	}
	var chain []*x509.Certificate
	for _, der := range members.Certificates {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, certificate)
	}
	return chain, nil
}
