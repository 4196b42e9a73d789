package mutants

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// variants are what the configurations of the reference come to here, as far as it has them. One that is new there is to be
// added here: until then its cases are skipped, which the comparison with the reference tells.
func variants(ctx context.Context, reference *rpcases.Suite) (map[rpcases.Variant]func(*Settings), error) {
	models, err := listedModels(ctx)
	if err != nil {
		return nil, err
	}
	framed, wide := reference.Policies[rpcases.Framed], reference.Policies[rpcases.WideOrigins]
	all := map[rpcases.Variant]func(*Settings){
		rpcases.AttestationRequired: func(s *Settings) { s.AttestationRequired = true },
		rpcases.OnlyLabModels:       func(s *Settings) { s.AttestationRequired, s.Models = true, []uuid.UUID{rpcases.LabAAGUID} },
		rpcases.DeviceBoundOnly:     func(s *Settings) { s.DeviceBoundOnly = true },
		rpcases.SyncedOnly:          func(s *Settings) { s.SyncedOnly = true },
		rpcases.Framed:              func(s *Settings) { s.FramedBy = framed.TopOrigins },
		rpcases.WideOrigins:         func(s *Settings) { s.Related, s.Subdomains, s.Ports = wide.Origins, true, true },
		rpcases.FakesAccounts:       func(s *Settings) { s.Decoys = true },
		rpcases.LabMetadata:         func(s *Settings) { s.Listed = models },
	}
	for v, configure := range all {
		there := reference.Variants[v]
		if there == nil {
			delete(all, v)
			continue
		}
		all[v] = func(s *Settings) { s.moveTo(there); configure(s) }
	}
	if there := reference.Variants[rpcases.OnLocalhost]; there != nil {
		all[rpcases.OnLocalhost] = func(s *Settings) { s.moveTo(there) }
	}
	return all, nil
}

// moveTo takes over the origin of a reference that has another.
func (s *Settings) moveTo(reference subject.RelyingParty) {
	if reference.Origin() != s.Origin {
		s.Origin = reference.Origin()
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s.Origin, "https://"), "http://"), ":")
		s.RPID, s.Related = host, nil
	}
}

// Model is what the metadata says of an authenticator model, as far as it is heeded.
type Model struct {
	// Roots are the anchors of its attestation; nil when it attests to itself.
	Roots *x509.CertPool
}

// listedModels are those of the suite's own metadata. Its signature is not looked at: that is the business of another package.
func listedModels(ctx context.Context) (map[uuid.UUID]Model, error) {
	token, _, _, err := rpcases.SignedModels(ctx, rpcases.Authority(), time.Now())
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		return nil, errors.New("mutants: the metadata is no JWS")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("mutants: the metadata: %w", err)
	}
	var blob struct {
		Entries []struct {
			AAGUID    uuid.UUID `json:"aaguid"`
			Statement struct {
				Roots [][]byte `json:"attestationRootCertificates"`
			} `json:"metadataStatement"`
		} `json:"entries"`
	}
	if err := json.Unmarshal(payload, &blob); err != nil {
		return nil, fmt.Errorf("mutants: the metadata: %w", err)
	}
	models := map[uuid.UUID]Model{}
	for _, entry := range blob.Entries {
		var model Model
		for _, der := range entry.Statement.Roots {
			root, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("mutants: the metadata: %w", err)
			}
			if model.Roots == nil {
				model.Roots = x509.NewCertPool()
			}
			model.Roots.AddCert(root)
		}
		models[entry.AAGUID] = model
	}
	return models, nil
}
