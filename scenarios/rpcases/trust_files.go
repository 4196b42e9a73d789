package rpcases

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/harness/subject"
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
		all = append(all, serviceFiles(fmt.Sprintf("metadata-required-%d", i+1), service)...)
	}
	all[3].Use = "The variant " + string(MetadataRequired) + " has this list, and accepts only models that it names."
	return all, nil
}

// serviceFiles are a list that the variant MetadataRequired reads besides the right one, and what belongs to it.
func serviceFiles(name string, service subject.SignedMetadata) []TrustFile {
	all := []TrustFile{{name + ".jwt", "The variant " + string(MetadataRequired) + " reads this list, besides, and must not believe it.", service.Token}}
	for _, revoked := range service.Revoked {
		all[0].Use = "The variant " + string(MetadataRequired) + " reads this list, besides, which leads to " + name + "-root.pem; its signer was revoked."
		all = append(all,
			TrustFile{name + "-root.pem", "What the signature of " + name + ".jwt leads to.", inPEM(service.Root)},
			TrustFile{name + ".crl", "The revocation list for " + name + ".jwt, in DER.", revoked.Raw})
	}
	if service.Then != nil {
		all[0].Use = "The variant " + string(MetadataRequired) + " reads this list, besides, and later, at the same place, the older one in " + name + "-then.jwt."
		all = append(all, TrustFile{name + "-then.jwt", "An older list that comes in the place of " + name + ".jwt, and must not be believed.", service.Then})
	}
	return all
}

func inPEM(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}
