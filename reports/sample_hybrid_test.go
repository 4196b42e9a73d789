package reports_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

// overHybrid is the same journey as refused, over a phone, with everything that only such a journey has.
func overHybrid() reports.Result {
	result := reports.Result{
		ID: "WP-01", Journey: "WP-01", Title: "Mia saves the passkey in Google Password Manager and is told that this is the wrong place", Group: "Wrong provider",
		Labels: []string{"wrong-provider"}, Priority: "essential", Driver: "hybrid", Location: "wrong_provider_test.go:34",
		State: reports.Passed, Started: at(100), Duration: 2900 * time.Millisecond, Process: 1,
		Steps: []reports.Step{
			step("Mia opens the wizard and chooses her Android phone", 100, 1300, "WP-01-hybrid/1-page.jpg"),
			hybridStep("Mia points the camera of her phone at the code", 1400, 2, reports.View{
				State: "P3 link chip", Title: "Scan QR code", Text: "FIDO:/ …", Controls: []reports.Control{{Label: "Use passkey", Primary: true, Tapped: true}, {Label: "Copy text", Off: true}},
			}),
			hybridStep("The phone proposes Google Password Manager", 1900, 3, reports.View{
				State: "P11 provider sheet", Title: "Create a passkey for Larkspur?", Text: "mia@larkspur.example", Provider: "Google Password Manager",
				Controls: []reports.Control{{Label: "More options"}, {Label: "Continue", Primary: true, Tapped: true}},
			}),
			hybridStep("Mia unlocks it, and the phone says that the passkey is saved", 2300, 4, reports.View{
				State: "P16 sent", Title: "Passkey saved", Text: "You can use it to sign in to Larkspur.", Provider: "Google Password Manager",
				Controls: []reports.Control{{Label: "OK", Primary: true}},
			}),
		},
		Ceremonies: []reports.Ceremony{hybridRegistration()},
		Ended:      &reports.PageView{URL: "https://wp-01.localhost:8443/security-info/add/r2/wrong", Heading: "Saved in the wrong place", Step: "E2", Code: "policy.provider_not_allowed"},
		SavedIn:    []string{"Google Password Manager"},
		Cannot:     []reports.Inability{{Driver: "devtools", Reason: "Chromium's virtual authenticator has one AAGUID and no provider to choose."}},
		Reproduce:  "go tool ginkgo run --seed=1772443800 --label-filter='id:WP-01 && driver:hybrid' ./scenarios/journeys",
	}
	return result
}

// hybridStep shows page, window and phone; the phone has a picture in the last step only.
func hybridStep(text string, ms, n int, phone reports.View) reports.Step {
	phone.Name, phone.Skin = reports.ViewPhone, reports.SkinAndroid
	phone.Status = []reports.Field{{Name: "Bluetooth", Value: "on"}, {Name: "Network", Value: "5G"}, {Name: "Battery", Value: "82 %"}}
	if n == 4 {
		phone.Picture = &reports.Picture{Path: "WP-01-hybrid/4-phone.jpg", Width: 390, Height: 844}
	}
	states := map[int]string{2: "QR code", 3: "Connected to your phone", 4: "closed"}
	window := reports.View{Name: reports.ViewWindow, State: states[n], Picture: &reports.Picture{Path: fmt.Sprintf("WP-01-hybrid/%d-window.jpg", n)}}
	if n < 4 {
		window.Controls = []reports.Control{{Label: "Cancel"}}
	}
	s := step(text, ms, 400, fmt.Sprintf("WP-01-hybrid/%d-page.jpg", n))
	s.Views = []reports.View{phone, window}
	return s
}

func hybridRegistration() reports.Ceremony {
	c := registration("policy.provider_not_allowed", false)
	c.RevealedToPage = &reports.Revealed{
		Outcome: reports.OK, Message: "", Attachment: "cross-platform", Transports: []string{"hybrid", "internal"},
		AAGUID: "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", Took: 1300 * time.Millisecond,
	}
	c.Exchanges = []reports.Exchange{
		{At: at(1400), Layer: reports.LayerDBus, From: reports.PartyComputer, To: reports.PartyAir, Title: "Adapter1.StartDiscovery"},
		{At: at(1420), Layer: reports.LayerQR, From: reports.PartyComputer, To: reports.PartyPhone, Title: "QR code", Length: 69, Text: "{0 / public key /: h'02a1', 1 / secret /: h'[redacted]' / 16 bytes /,\n  2 / known domains /: 2, 5 / request /: \"mc\"}"},
		{At: at(1510), Layer: reports.LayerTunnel, From: reports.PartyPhone, To: reports.PartyTunnel, Title: "GET /cable/new", Text: "tunnel id 8c1f"},
		{At: at(1530), Layer: reports.LayerAdvert, From: reports.PartyPhone, To: reports.PartyAir, Title: "advert", Length: 20, Text: "nonce 0102030405060708090a, routing id 00a1b2, domain 0 (cable.ua5v.com)", Hex: strings.Repeat("ab", 20)},
		{At: at(1540), Layer: reports.LayerTunnel, From: reports.PartyComputer, To: reports.PartyTunnel, Title: "GET /cable/connect", Text: "routing id 00A1B2"},
		{At: at(1560), Layer: reports.LayerHandshake, From: reports.PartyComputer, To: reports.PartyPhone, Title: "-> psk, e", Length: 81, Text: "e 65 bytes, tag 16 bytes", Hex: "04" + strings.Repeat("5e", 80)},
		{At: at(1561), Layer: reports.LayerHandshake, From: reports.PartyPhone, To: reports.PartyComputer, Title: "<- e, ee, se", Length: 81, Text: "e 65 bytes, tag 16 bytes", Hex: "04" + strings.Repeat("6f", 80)},
		{At: at(1570), Layer: reports.LayerCTAP2, Direction: "request", Title: "authenticatorMakeCredential", Length: 214, Text: "{1 / clientDataHash /: h'9f86',\n  2 / rp /: {\"id\": \"wp-01.localhost\"}}"},
		{At: at(2100), Layer: reports.LayerCTAP2, Direction: "response", Title: "CTAP2_OK", Length: 310, Text: "{1 / fmt /: \"packed\"}"},
		{At: at(2110), Layer: reports.LayerFrame, From: reports.PartyComputer, To: reports.PartyPhone, Title: "shutdown", Length: 1, Hex: "00", Problem: "It came before the answer."},
	}
	return c
}
