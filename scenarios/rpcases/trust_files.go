package rpcases

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// TrustFile is something that a relying party is given before cases of trust can be put to it.
type TrustFile struct {
	// Name is that of a file, "attestation-root.pem", and Use says in a sentence who is given it.
	Name, Use string
	Content   []byte
}

// TrustFiles are the root and the lists of metadata that a target trusts where its description says so (Target). Lists are JWTs as
// a metadata service publishes them (FIDO Metadata Service 3.1.1 §3.1.7), and are good for a year from now. Everything in them
// follows from a public seed: whoever trusts them trusts everybody.
func TrustFiles(ctx context.Context, now time.Time) ([]TrustFile, error) {
	authority := Authority()
	root, err := authority.Root()
	if err != nil {
		return nil, fmt.Errorf("rpcases: trust files: %w", err)
	}
	models, lists, signer, err := SignedModels(ctx, authority, now)
	if err != nil {
		return nil, fmt.Errorf("rpcases: trust files: %w", err)
	}
	services, err := MetadataServices(ctx, authority, now)
	if err != nil {
		return nil, fmt.Errorf("rpcases: trust files: %w", err)
	}
	all := []TrustFile{
		{"attestation-root.pem", "A server with policy.trustsLab: true trusts it for attestation statements.", inPEM(root)},
		{"metadata-root.pem", "What the signatures of all lists lead to, by a certificate for " + signer + ".", inPEM(lists)},
		{"lab-metadata.jwt", "The variant " + string(LabMetadata) + " has this list.", models},
	}
	for i, service := range services {
		use := "The variant " + string(MetadataRequired) + " reads this list, besides, and must not believe it."
		if i == 0 {
			use = "The variant " + string(MetadataRequired) + " has this list, and accepts only models that it names."
		}
		all = append(all, TrustFile{fmt.Sprintf("metadata-required-%d.jwt", i+1), use, service.Token})
	}
	return all, nil
}

func inPEM(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}
