package subject

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/fidoapi"
	"github.com/passkeylab/passkeylab/rp/mds"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/rp/store"
)

// Reference is our own relying party behind FIDO's REST API, in this process and without a network. The zero value works.
type Reference struct {
	// Origin is where it believes to be served; "http://localhost" when empty.
	Origin string
	// RelatedOrigins are others that may use its passkeys (WebAuthn L3 §5.11).
	RelatedOrigins []string
	// Algorithms are the COSE algorithm numbers that it offers; nil leaves it to the relying party.
	Algorithms []int64
	// Origins are what else it expects in client data.
	Origins Origins
	// Policy is the document of the policy in force (package policy); "" accepts everything that verifies, and requires user
	// verification only where it is asked for.
	Policy string
	// Roots are the trust anchors of attestation, of every format; none when nil.
	Roots *x509.CertPool
	// Metadata tells what is known of authenticator models; nil knows none.
	Metadata rp.Metadata
	// DecoyKey makes up passkeys for user names that nobody has; nil refuses them.
	DecoyKey []byte
	// Folder keeps its database, so that another one can go on with it; empty is one that Close removes.
	Folder string
	// Now tells its time; nil is the machine's.
	Now func() time.Time
	// BLOB is signed metadata to read in the place of Metadata; the zero value is none.
	BLOB SignedMetadata
	// Services are lists of several services, each read on its own. One that cannot be verified counts for nothing.
	Services []SignedMetadata
}

// SignedMetadata is a list of models as a metadata service publishes it (FIDO Metadata Service 3.1.1 §3.1.7).
type SignedMetadata struct {
	// Token is the JWT in compact form, Root what its chain must lead to, and Signer the name in the certificate that signs.
	Token  []byte
	Root   *x509.Certificate
	Signer string
	// Revoked are the revocation lists that its reader has.
	Revoked []*x509.RevocationList
	// Then is what the service publishes later, in the place of Token; nil is nothing.
	Then []byte
}

// Origins are what the reference relying party expects in client data beside its own origin.
type Origins = rp.Origins

// Open starts it, on a database of its own that Close removes.
func (r Reference) Open(ctx context.Context) (_ RelyingParty, err error) {
	inForce, err := policy.Parse([]byte(orElse(r.Policy, "userVerification: preferred")))
	if err != nil {
		return nil, fmt.Errorf("subject: reference relying party: %w", err)
	}
	folder, remove, err := r.folder()
	if err != nil {
		return nil, fmt.Errorf("subject: reference relying party: %w", err)
	}
	release := remove
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("subject: reference relying party: %w", err), release())
		}
	}()
	// What it stores lives as long as the process: waiting for the disk would protect nothing.
	database, err := store.Open(ctx, filepath.Join(folder, "rp.db"), store.Options{NotDurable: true})
	if err != nil {
		return nil, err
	}
	release = func() error { return errors.Join(database.Close(), remove()) }
	if r.BLOB.Token != nil {
		if r.Metadata, err = r.BLOB.read(ctx, folder); err != nil {
			return nil, err
		}
	}
	if r.Services != nil {
		if r.Metadata, err = readServices(ctx, folder, r.Services); err != nil {
			return nil, err
		}
	}
	origin := orElse(r.Origin, "http://localhost")
	site, err := rp.New(rp.Config{
		Origin: origin, Origins: r.Origins, RelatedOrigins: r.RelatedOrigins, Algorithms: r.Algorithms, Organisation: "Larkspur", App: "Larkspur ID", Policy: inForce, AttestationRoots: r.roots(), Metadata: r.Metadata, Store: database,
		Clock: referenceClock{r.Now}, DecoyKey: r.DecoyKey, Rand: rand.Reader, Limits: rp.Limits{Browser: -1, Network: -1},
	})
	if err != nil {
		return nil, err
	}
	description := FIDOServer{Title: "reference relying party", Base: origin, Dictate: fidoapi.WithChallenge, Paths: map[Endpoint]string{Removal: fidoapi.PathRemoval}}
	return description.over(description.around(fidoapi.Handler(site)), release)
}

// read publishes the list in a folder and reads it as the relying party would read one from elsewhere. Entries that it cannot
// read are an error.
func (m SignedMetadata) read(ctx context.Context, folder string) (rp.Metadata, error) {
	path := filepath.Join(folder, "metadata.jwt")
	if err := os.WriteFile(path, m.Token, 0o600); err != nil {
		return nil, err
	}
	service, err := mds.New(mds.Config{
		Location: path, Clock: referenceClock{}, Rand: rand.Reader, Verifier: mds.Verifier{Roots: []*x509.Certificate{m.Root}, Signer: m.Signer, CRLs: m.Revoked},
	})
	if err == nil {
		err = service.Load(ctx)
	}
	if err == nil {
		err = errors.Join(service.BLOB().Problems...)
	}
	if err == nil && m.Then != nil {
		err = m.publishNext(ctx, service, path)
	}
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return rp.FIDOMetadata(service, referenceClock{}), nil
}

// publishNext lets the service publish what comes later, and its reader have a look. A list that is refused leaves the one before.
func (m SignedMetadata) publishNext(ctx context.Context, service *mds.Service, path string) error {
	err := os.WriteFile(path, m.Then, 0o600)
	if err == nil {
		err = service.Load(ctx)
	}
	if refused := new(mds.BLOBError); errors.As(err, &refused) {
		return nil
	}
	return err
}

func (r Reference) roots() attest.Roots {
	if r.Roots == nil {
		return attest.Roots{}
	}
	return attest.All(r.Roots)
}

// folder is where the database is, and what removes it.
func (r Reference) folder() (string, func() error, error) {
	if r.Folder != "" {
		return r.Folder, func() error { return nil }, nil
	}
	folder, err := os.MkdirTemp("", "passkeylab-reference-")
	return folder, func() error { return os.RemoveAll(folder) }, err
}

// referenceClock is the machine's own clock unless a case turns another.
type referenceClock struct{ now func() time.Time }

// Now implements rp.Clock.
func (c referenceClock) Now() time.Time {
	if c.now == nil {
		return time.Now()
	}
	return c.now()
}

// After implements mds.Clock. Nobody lets the metadata refresh itself.
func (referenceClock) After(time.Duration) <-chan time.Time { return nil }
