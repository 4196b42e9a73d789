package rpcases

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/harness/subject"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// Case is a case of this suite.
type Case = conformance.Case[*Bench]

// section is one file of cases.
type section struct {
	cases func() []Case
	// excuses are fact sheets of its subject that are no case; nil for none.
	excuses func() []Excuse
}

// sections lists all, in the order of a report. A new section is one line.
func sections() []section {
	return []section{
		{cases: apiChallenges},
		{cases: apiCreation},
		{cases: apiUser},
		{cases: apiRequest},
		{cases: apiMalformed},
		{cases: apiAnswers},
		{cases: envelope},
		{cases: envelopeBody},
		{cases: registrationEnvelope},
		{cases: clientDataMembers},
		{cases: clientDataText},
		{cases: clientDataChallenge},
		{cases: clientDataFraming},
		{cases: clientDataRewritten},
		{cases: originHosts},
		{cases: originForms},
		{cases: originLists},
		{cases: sessionReplay},
		{cases: sessionBound},
		{cases: sessionLife},
		{cases: sessionRoutes, excuses: sessionExcuses},
		{cases: teeth},
		{cases: registrationData},
		{cases: registrationLayout},
		{cases: registrationExtensionData},
		{cases: registrationID},
		{cases: attestationObject},
		{cases: attestationFormat},
		{cases: attestationEncoding},
		{cases: attestationBombs},
		{cases: attestationNone},
		{cases: attestationSelf},
		{cases: attestationPacked},
		{cases: attestationCertificate},
		{cases: attestationChain},
		{cases: attestationModels},
		{cases: registrationAlgorithms},
		{cases: registrationKeyPair},
		{cases: registrationKeyForm},
		{cases: registrationKeyEncoding},
		{cases: registrationKeyNumbers},
		{cases: registrationRSA},
		{cases: authenticationEnvelope},
		{cases: authenticationData},
		{cases: authenticationLayout},
		{cases: authenticationKey},
		{cases: authenticationSignature},
		{cases: authenticationCounter},
		{cases: extensions},
		{cases: limits},
		{cases: relatedOrigins, excuses: relatedExcuses},
		{cases: backup, excuses: backupExcuses},
		{cases: uniqueness},
		{cases: accountBinding},
		{cases: attestationTPM},
		{cases: attestationAndroidKey},
		{cases: attestationSafetyNet},
		{cases: attestationU2F},
		{cases: attestationApple},
		{cases: attestationCompound},
		{cases: metadataTrust, excuses: metadataExcuses},
		{cases: metadataKeys},
		{cases: officialVectors},
	}
}

// Cases returns all cases, by section.
func Cases() []Case {
	var all []Case
	for _, s := range sections() {
		for _, c := range s.cases() {
			if c.Fix == "" {
				c.Fix = fixFor(c.Clause)
			}
			c.CVEs = published(c)
			all = append(all, c)
		}
	}
	return all
}

// Excuse is a fact sheet that is no case, and why: what a server behind this API cannot show.
type Excuse struct{ ID, Reason string }

// Excuses returns the fact sheets that are no case.
func Excuses() []Excuse {
	var all []Excuse
	for _, s := range sections() {
		if s.excuses != nil {
			all = append(all, s.excuses()...)
		}
	}
	return all
}

// Suite is the cases held against one relying party.
type Suite struct {
	// RP is the relying party under judgement.
	RP subject.RelyingParty
	// Variants are the same in other configurations, as far as there are any.
	Variants map[Variant]subject.RelyingParty
	// Policy is what it decided where the specification lets it decide, Policies what its variants did where they did otherwise.
	Policy   Policy
	Policies map[Variant]Policy
	// Laboratory opens one for a single case, with a clock of its own; nil when there is no such thing.
	Laboratory func(ctx context.Context) (*Laboratory, error)
	// Authority issues attestation certificates; nil means Authority().
	Authority *attestation.Authority
	// Example opens the relying party as https://example.org, new and in this process, for the W3C's test vectors. It lets
	// challenges be dictated (subject.FIDOServer.Dictate), trusts VectorRoot, and lets https://example.com frame it. Nil, as for
	// every server that is reached over a network, skips them.
	Example func(context.Context) (subject.RelyingParty, error)
	// Pace is how fast RP and its variants are asked, where they are reached over a network; nil for others.
	Pace *subject.Pace
	// OwnShape says that RP is an application with a shape of its own (subject.Mapped, subject.Website): what is about FIDO's REST
	// API does not concern it.
	OwnShape bool
	// InBrowser says that a browser is between (subject.Website): cases have more time.
	InBrowser bool
	// Run tells the accounts of this run apart from those of others; empty takes the time.
	Run string
	// Now tells the time; nil is time.Now.
	Now func() time.Time

	secrets secrets
}

// Policy is what a relying party decided where the specification lets it decide. The zero value says nothing: what depends on
// it is observed and not judged.
type Policy struct {
	// Enumeration is what is said to somebody who asks for options of a user name that does not exist: "deny" or "fake".
	Enumeration string `yaml:"enumeration"`
	// Counter is what happens when a signature counter does not grow: "refuse" or "accept".
	Counter string `yaml:"counter"`
	// CrossOrigin is whether ceremonies in a frame of another origin are accepted: "refuse" or "accept".
	CrossOrigin string `yaml:"crossOrigin"`
	// Origins are further origins that are accepted, TopOrigins those that may frame the page.
	Origins    []string `yaml:"origins"`
	TopOrigins []string `yaml:"topOrigins"`
	// Subdomains and Ports are whether subdomains of the page's host, and other ports, are accepted: "refuse" or "accept".
	Subdomains string `yaml:"subdomains"`
	Ports      string `yaml:"ports"`
	// SelfAttestation is whether self attestation is accepted when attestation was asked for: "refuse" or "accept".
	SelfAttestation string `yaml:"selfAttestation"`
	// AppID is whether the extension appid is honoured when it was asked for: "refuse" or "accept".
	AppID string `yaml:"appId"`
	// NoAttestation is whether a passkey without attestation is accepted when attestation was asked for: "refuse" or "accept".
	NoAttestation string `yaml:"noAttestation"`
	// TrustsLab says that the relying party trusts the root, and has the metadata, of this suite's authority.
	TrustsLab bool `yaml:"trustsLab"`
	// Formats are the attestation statement formats that it says it takes, with certificates of this suite's authority.
	Formats []string `yaml:"formats"`
	// UnknownRoots is what becomes of attestation whose certificates lead to no root that it knows: "refuse" or "accept".
	UnknownRoots string `yaml:"unknownRoots"`
	// UnlistedTPMs is what becomes of TPMs whose manufacturer the TCG has not listed, and SHA1 of attestation that was signed
	// with SHA-1: "refuse" or "accept".
	UnlistedTPMs string `yaml:"unlistedTPMs"`
	SHA1         string `yaml:"sha1"`
	// BackupEligible and DeviceBound are whether passkeys of that kind are accepted: "refuse" or "accept".
	BackupEligible string `yaml:"backupEligible"`
	DeviceBound    string `yaml:"deviceBound"`
	// BackupChanges is what becomes of a passkey whose backup eligibility is not that of its registration: "refuse" wherever the
	// relying party uses these flags in what it does (WebAuthn L3 §7.2 step 19), or "accept".
	BackupChanges string `yaml:"backupChanges"`
}

// start is when the certificates of the default authority begin.
var start = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// Authority returns the attestation authority of this suite. Its keys are public: whoever trusts its root trusts everybody.
func Authority() *attestation.Authority {
	return attestation.NewAuthority([]byte("passkeylab rp cases"), start)
}

// Runner returns what runs the suite. Its selection, seed and limits are the caller's to set.
func (s *Suite) Runner() conformance.Runner[*Bench] {
	s.setDefaults()
	runner := conformance.Runner[*Bench]{Cases: s.cases(), Open: s.open, Now: s.Now, Silent: silent}
	if s.InBrowser {
		runner.CaseTimeout = 5 * time.Minute // some cases have dozens of ceremonies, and each takes about a second
	}
	return runner
}

// silent reports whether a trial ended without any answer.
func silent(t *conformance.Trial) (silent, asked bool) {
	all := t.Exchanges()
	if len(all) == 0 {
		return false, false
	}
	switch subject.Outcome(all[len(all)-1].Outcome) {
	case subject.Unreachable, subject.TimedOut, subject.Reset:
		return true, true
	}
	return false, true
}

// cases are all cases, of which an application with a shape of its own skips those of the API.
func (s *Suite) cases() []Case {
	all := Cases()
	for i := range all {
		all[i].Run = heard(all[i].Run)
		if s.OwnShape && all[i].Clause.Spec == api("").Spec {
			all[i].Run = func(context.Context, *Bench) error {
				return conformance.Skip("the application has a shape of its own, and not FIDO's REST API")
			}
		}
	}
	return all
}

// Close lets go of the relying party and its variants.
func (s *Suite) Close() error {
	err := s.RP.Close()
	for _, variant := range s.Variants {
		err = errors.Join(err, variant.Close())
	}
	return err
}

func (s *Suite) setDefaults() {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Run == "" {
		s.Run = strconv.FormatInt(s.Now().UnixMilli(), 36)
	}
	if s.Authority == nil {
		s.Authority = Authority()
	}
}

// open sets the stage for one trial. A server that was judged before with the same seed knows the credentials of then: those of
// this run are others.
func (s *Suite) open(_ context.Context, t *conformance.Trial) (*Bench, error) {
	t.Rand = conformance.Stirred(t.Rand, s.Run)
	return &Bench{Trial: t, RP: subject.Recorded(s.RP, t), Policy: s.Policy, suite: s}, nil
}
