package mutants

import (
	"context"
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
	lab, required, err := metadata(ctx)
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
		rpcases.LabMetadata:         func(s *Settings) { s.Metadata = lab },
		rpcases.MetadataRequired:    func(s *Settings) { s.AttestationRequired, s.OnlyListed, s.Metadata = true, true, required },
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

// metadata are the suite's own lists, of LabMetadata and of MetadataRequired.
func metadata(ctx context.Context) (lab, required *Metadata, err error) {
	now := time.Now()
	var models subject.SignedMetadata
	if models.Token, models.Root, models.Signer, err = rpcases.SignedModels(ctx, rpcases.Authority(), now); err != nil {
		return nil, nil, fmt.Errorf("mutants: %w", err)
	}
	services, err := rpcases.MetadataServices(ctx, rpcases.Authority(), now)
	if err != nil {
		return nil, nil, fmt.Errorf("mutants: %w", err)
	}
	if lab, err = ReadMetadata([]subject.SignedMetadata{models}, now); err == nil {
		required, err = ReadMetadata(services, now)
	}
	return lab, required, err
}
