package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/mds"
)

// metadataOptions are the flags about what is known of authenticator models.
type metadataOptions struct {
	location, root string
	fresh          bool
}

// fidoMetadata is the location that stands for FIDO's own service.
const fidoMetadata = "fido"

func (o *metadataOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.location, "mds", "", "metadata of authenticators: `file or URL` of a FIDO metadata BLOB, or fido for that of the FIDO Alliance (default: none)")
	flags.StringVar(&o.root, "mds-root", "", "PEM `file` with the roots that sign metadata (default: those of the FIDO Alliance)")
	flags.BoolVar(&o.fresh, "mds-fresh", false, "rely on no metadata whose next update is overdue")
}

// open loads the metadata, from dir if the source is down; nil when there is to be none.
func (o metadataOptions) open(ctx context.Context, dir string, log *slog.Logger) (*mds.Service, error) {
	if o.location == "" {
		if o.root != "" || o.fresh {
			return nil, usage("--mds-root and --mds-fresh say how metadata is read; say which with --mds")
		}
		return nil, nil
	}
	config := mds.Config{Location: o.location, Cache: filepath.Join(dir, "metadata.jwt"), Clock: systemClock{}, Rand: rand.Reader, Log: log,
		Requirements: mds.Requirements{Fresh: o.fresh}}
	if o.location == fidoMetadata {
		config.Location = mds.FIDOLocation
	}
	if o.root != "" {
		content, err := os.ReadFile(o.root)
		if err != nil {
			return nil, usage("--mds-root: %w", err)
		}
		if config.Verifier.Roots, err = mds.ParseRoots(content); err != nil {
			return nil, usage("--mds-root %s: %w", o.root, err)
		}
	}
	service, err := mds.New(config)
	if err != nil {
		return nil, usage("--mds %s: %w", o.location, err)
	}
	if err := service.Load(ctx); err != nil {
		return nil, fmt.Errorf("--mds %s: %w", o.location, err)
	}
	return service, nil
}

// describeMetadata says what was loaded; empty without metadata.
func describeMetadata(service *mds.Service, now time.Time) string {
	if service == nil {
		return ""
	}
	blob := service.BLOB()
	text := fmt.Sprintf("Metadata number %d of %s is loaded; models listed: %d", blob.Number, service.Location(), len(blob.Entries))
	if n := len(blob.Problems); n > 0 {
		text += fmt.Sprintf(", left out because they cannot be read: %d", n)
	}
	text += "; next update by " + blob.NextUpdate.Format(time.DateOnly)
	if blob.Stale(now) {
		text += ", which is overdue"
	}
	return text + "\n"
}

// knownModels is what the relying party asks; nil without metadata.
func knownModels(service *mds.Service) rp.Metadata {
	if service == nil {
		return nil
	}
	return rp.FIDOMetadata(service, systemClock{})
}

// refreshMetadata keeps it up to date until ctx ends.
func refreshMetadata(ctx context.Context, service *mds.Service) {
	if service != nil {
		service.Run(ctx)
	}
}

// After sends once when d has passed.
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
