package mutants

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
)

// Settings are what a relying party decided. Origin, RPID, Algorithms, Rand and Now are required.
type Settings struct {
	// Origin is that of the page; RPID the relying party's.
	Origin, RPID string
	// Algorithms are offered, in this order.
	Algorithms []cose.Algorithm
	// Roots are the trust anchors of all attestation formats.
	Roots *x509.CertPool
	// Metadata lists models whose own anchors stand in the place of Roots; others are then not led anywhere, or refused as well
	// by OnlyListed, which also refuses those that are listed as broken.
	Metadata   *Metadata
	OnlyListed bool
	// AttestationRequired refuses whoever has no statement that leads to a root.
	AttestationRequired bool
	// Models are the only ones allowed; all when empty.
	Models []uuid.UUID
	// DeviceBoundOnly refuses credentials that may be backed up, SyncedOnly those that may not.
	DeviceBoundOnly, SyncedOnly bool
	// Related are further origins whose pages may use the passkeys; Subdomains and Ports accept all of the page's.
	Related           []string
	Subdomains, Ports bool
	// Decoys gives options to user names that do not exist, too.
	Decoys bool
	// FramedBy are origins whose pages may frame the relying party's; none when empty.
	FramedBy []string

	// Without is a step that is left out, with Instead in its place: see [Mutant]. The zero value is honest.
	Without, Instead string
	// Refused hears which step refused a response; nil for nobody. It is called from one goroutine at a time.
	Refused func(step string)

	Rand io.Reader
	Now  func() time.Time
}

// RP is a relying party in memory, behind FIDO's REST API. It answers this machine only: requests from elsewhere are turned
// away, because a mutant is a hole.
type RP struct {
	settings       Settings
	registration   []Step
	statement      []Step
	authentication []Step
	mux            *http.ServeMux

	mu         sync.Mutex
	accounts   map[string]*account // by user name
	passkeys   map[string]*passkey // by credential id
	ceremonies []*ceremony         // the newest last
}

// account is somebody with a user name.
type account struct {
	name, displayName string
	handle            []byte
	passkeys          []*passkey // in the order of their registration
}

// passkey is a credential record (WebAuthn L3 §4).
type passkey struct {
	id             []byte
	owner          *account
	key            publicKey
	count          uint32
	backupEligible bool
	backedUp       bool
	transports     []string
}

// ceremony is one that was begun.
type ceremony struct {
	kind         kind
	challenge    string // as client data has it
	visitor      string
	user         *account // nil at sign-in without a user name
	verification string
	allowed      [][]byte // credential ids; nil without a user name
	appID        string   // "" unless it was asked for, and is the relying party's own
	begun        time.Time
	used         bool
}

// New returns a relying party without accounts.
func New(s Settings) *RP {
	rp := &RP{settings: s, accounts: map[string]*account{}, passkeys: map[string]*passkey{}}
	rp.registration, rp.statement, rp.authentication = rp.kept(registrationSteps()), rp.kept(statementSteps()), rp.kept(authenticationSteps())
	rp.mux = rp.routes()
	return rp
}

// kept are the steps that this relying party has, each as it makes it.
func (rp *RP) kept(steps []Step) []Step {
	var kept []Step
	for _, s := range steps {
		if rp.does(s.Name) {
			kept = append(kept, s)
			continue
		}
		if i := slices.IndexFunc(s.lax, func(l laxity) bool { return l.name == rp.settings.Instead }); i >= 0 {
			s.check = s.lax[i].check
			kept = append(kept, s)
		}
	}
	return kept
}

// does reports whether a step is not left out.
func (rp *RP) does(name string) bool {
	return name != rp.settings.Without
}

// follow goes through steps until one refuses. The error is a *refusal.
func (rp *RP) follow(steps []Step, a *attempt) error {
	for _, s := range steps {
		err := s.check(a)
		if err == nil {
			continue
		}
		if rp.settings.Refused != nil {
			rp.settings.Refused(s.Name)
		}
		if inner := new(refusal); errors.As(err, &inner) { // a step that is made of steps
			return inner
		}
		return &refusal{s.Name, err}
	}
	return nil
}

// attempt is one response under verification, and what has been read of it. A later step relies on what earlier ones read.
type attempt struct {
	rp      *RP
	kind    kind
	visitor string
	body    []byte

	envelope   envelope
	clientData clientData
	ceremony   *ceremony
	data       authData
	object     attestationObject
	key        publicKey
	statement  *statement
	passkey    *passkey
	before     uint32 // the passkey's counter
}
