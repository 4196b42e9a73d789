package rpcases

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/passkeylab/passkeylab/harness/conformance"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
)

// attestationCertificate is about the certificate that attests (WebAuthn L3 §8.2.1).
func attestationCertificate() []Case {
	profile := l3("8.2.1", "certificate-profile")
	return packedCases([]Case{
		{
			ID: "att/certificate/version-1", Aliases: []string{"S-FPF-019"}, Level: must, Clause: profile,
			Says: "a certificate of version 1 is refused",
			Run:  packedWith(statementLie("a certificate of version 1", attestation.Misbehaviour{Version1: true})).Refused,
		},
		{
			ID: "att/certificate/no-country", Aliases: []string{"S-FPF-020"}, Level: must, Clause: profile,
			Says: "a certificate whose subject has no country is refused",
			Run:  packedWith(statementLie("no Subject-C", attestation.Misbehaviour{Country: new("")})).Refused,
		},
		{
			ID: "att/certificate/no-such-country", Aliases: []string{"S-FPF-021"}, Level: should, Clause: profile,
			Says: "a certificate whose country is no ISO 3166 code is refused",
			Run:  packedWith(statementLie("the country XX1", attestation.Misbehaviour{Country: new("XX1")})).Refused,
		},
		{
			ID: "att/certificate/no-organization", Aliases: []string{"S-FPF-022"}, Level: must, Clause: profile,
			Says: "a certificate whose subject has no organization is refused",
			Run:  packedWith(statementLie("no Subject-O", attestation.Misbehaviour{Organization: new("")})).Refused,
		},
		{
			ID: "att/certificate/unit", Aliases: []string{"S-FPF-023"}, Level: must, Clause: profile,
			Says: "a certificate whose organizational unit is another than Authenticator Attestation, or missing, is refused",
			Run: packedWith(
				statementLie("the Subject-OU Attestation", attestation.Misbehaviour{Unit: new("Attestation")}),
				statementLie("no Subject-OU", attestation.Misbehaviour{Unit: new("")}),
			).Refused,
		},
		{
			ID: "att/certificate/unit-in-lower-case", Aliases: []string{"S-FPF-024"}, Level: should, Clause: profile,
			Says: "a certificate whose organizational unit is right but for its case is refused",
			Run:  packedWith(statementLie("the Subject-OU authenticator attestation", attestation.Misbehaviour{Unit: new("authenticator attestation")})).Refused,
		},
		{
			ID: "att/certificate/no-name", Aliases: []string{"S-FPF-025"}, Level: must, Clause: profile,
			Says: "a certificate whose subject has no common name is refused",
			Run:  packedWith(statementLie("no Subject-CN", attestation.Misbehaviour{CommonName: new("")})).Refused,
		},
		{
			ID: "att/certificate/authority", Aliases: []string{"S-FPF-026"}, Level: must, Clause: profile,
			Says: "a certificate of a certificate authority is refused",
			Run:  packedWith(statementLie("a certificate with CA true", attestation.Misbehaviour{CA: true})).Refused,
		},
		{
			ID: "att/certificate/no-constraints", Aliases: []string{"S-FPF-027"}, Level: policy, Clause: profile,
			Says: "a certificate without basic constraints is decided on",
			Run:  packedWith(statementLie("no basic constraints", attestation.Misbehaviour{OmitBasicConstraints: true})).Observed,
		},
		{
			ID: "att/certificate/aaguid-of-another", Aliases: []string{"S-FPF-028"}, Level: must, Clause: l3("8.2", "packed-aaguid"),
			Says: "a certificate for another model than that of authenticator data is refused",
			Run:  packedWith(statementLie("the AAGUID of another model in the certificate", attestation.Misbehaviour{AAGUID: otherAAGUID[:]})).Refused,
		},
		{
			ID: "att/certificate/aaguid-critical", Aliases: []string{"S-FPF-029"}, Level: must, Clause: profile,
			Says: "a certificate whose AAGUID extension is critical is refused",
			Run:  packedWith(statementLie("a critical AAGUID extension", attestation.Misbehaviour{CriticalAAGUID: true})).Refused,
		},
		{
			ID: "att/certificate/aaguid-bare", Aliases: []string{"S-FPF-030"}, Level: must, Clause: profile,
			Says: "an AAGUID extension without its inner octet string is refused",
			Run:  packedWith(statementLie("16 bare bytes in the AAGUID extension", attestation.Misbehaviour{BareAAGUID: true})).Refused,
		},
		{
			ID: "att/certificate/aaguid-length", Aliases: []string{"S-FPF-031"}, Level: must, Clause: profile,
			Says: "an AAGUID extension of 15 or 17 bytes is refused",
			Run: packedWith(
				statementLie("15 bytes of the AAGUID", attestation.Misbehaviour{AAGUID: LabAAGUID[:15]}),
				statementLie("the AAGUID and a byte", attestation.Misbehaviour{AAGUID: append(LabAAGUID[:16:16], 0)}),
			).Refused,
		},
		{
			ID: "att/certificate/no-aaguid", Aliases: []string{"S-FPF-032"}, Level: policy, Clause: profile,
			Says: "a certificate without the AAGUID extension, below a root of several models, is decided on",
			Run:  packedWith(statementLie("no AAGUID extension", attestation.Misbehaviour{OmitAAGUID: true})).Observed,
		},
		{
			ID: "att/certificate/unknown-critical", Aliases: []string{"S-FPF-046"}, Level: policy, Clause: rfc(5280, "4.2", "unknown-critical"),
			Needs: []conformance.Capability{TrustsLab},
			Says:  "a certificate with a critical extension that nobody knows is refused",
			Run:   packedWith(statementLie("an unknown critical extension", attestation.Misbehaviour{UnknownCritical: true})).Refused,
		},
		{
			ID: "att/certificate/sha-1", Aliases: []string{"S-FPF-047"}, Level: policy, Clause: reg("24", "trust-path"),
			Says: "a certificate that is signed with SHA-1 is decided on",
			Run:  packedWith(statementLie("a certificate signed with SHA-1", attestation.Misbehaviour{SHA1: true})).Observed,
		},
		{
			ID: "att/certificate/revocation-elsewhere", Aliases: []string{"S-FPF-052"}, Level: robust, Clause: rfc(5280, "8", "revocation-fetch"),
			Says: "a certificate that says to look up revocation at an unreachable or at a private address is decided on in time",
			Run:  looksNowhere,
			Fix:  "Do not fetch what a certificate that is not trusted yet names, and nothing from private addresses.",
		},
	})
}

// looksNowhere names an address of a network that does not exist, and one of this machine, at which it listens.
func looksNowhere(ctx context.Context, b *Bench) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return conformance.Control("listen", err)
	}
	var visits atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			visitor, err := listener.Accept()
			if err != nil {
				return
			}
			visits.Add(1)
			_ = visitor.Close()
		}
	}()
	err = packedWith(
		statementLie("revocation at an address that does not exist", attestation.Misbehaviour{RevocationHost: "http://192.0.2.1"}),
		statementLie("revocation at an address of this machine", attestation.Misbehaviour{RevocationHost: "http://" + listener.Addr().String()}),
	).Observed(ctx, b)
	_ = listener.Close()
	<-done
	if n := visits.Load(); n > 0 {
		b.Advise("the relying party went to a private address that a certificate named, %d times", n)
	}
	return err
}
