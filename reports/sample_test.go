package reports_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strings"
	"testing/fstest"
	"time"

	"github.com/passkeylab/passkeylab/reports"
)

var began = time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)

// smallRun has one result in each state, and every member of every type set somewhere.
func smallRun() reports.Run {
	return reports.Run{
		Suite: "journeys", Subject: "reference RP", Tool: "passkeylab 0.1.0", Edition: "WebAuthn Level 3", Seed: 1772443800,
		Started: began, Duration: 47*time.Second + 310*time.Millisecond,
		Versions: map[string]string{"browser": "Chromium 156.0.7710.0", "go": "go1.26.8", "passkeylab": "0.1.0"},
		Notes:    []string{"The browser's WebAuthn protocol has one option that is not known here: \"signalBehavior\"."},
		Command:  "make scenarios SEED=1772443800",
		Results: []reports.Result{
			registered(), refused(), overHybrid(), skipped(), unproved(), advised(), broken(),
		},
	}
}

func at(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

func registered() reports.Result {
	return reports.Result{
		ID: "REG-04", Title: "Ada adds a security key with a PIN and sees it under security keys", Group: "Registering",
		Labels: []string{"registration", "flow-d"}, Priority: "essential", Driver: "devtools", Location: "registration_test.go:61",
		State: reports.Passed, Started: at(200), Duration: 3140 * time.Millisecond, Process: 1,
		Steps: []reports.Step{
			step("Ada signs in and opens her security info", 200, 610, "REG-04/1.jpg"),
			step("Ada chooses Security key and proves that it is her", 810, 420, "REG-04/2.jpg"),
			step("Ada touches the key", 1230, 900, "REG-04/3.jpg"),
			step("The card \"Security key\" stands under security keys, created today", 2130, 300, "REG-04/4.jpg"),
		},
		Ceremonies: []reports.Ceremony{registration("accepted", true)},
		Codes:      []string{"auth.wrong_code"},
		Shots:      shots("S0", "Security info", "Sicherheitsinformationen"),
		Network: []reports.NetworkEntry{
			{At: at(1240), Method: "POST", URL: "https://reg-04.localhost:8443/security-info/add/r1/options", Status: 200, Duration: 12 * time.Millisecond, Kind: "fetch", RequestID: "req-17"},
			{At: at(2010), Method: "POST", URL: "https://reg-04.localhost:8443/security-info/add/r1/verify", Status: 200, Duration: 31 * time.Millisecond, Kind: "fetch", RequestID: "req-18"},
		},
		Console:   []reports.ConsoleEntry{{At: at(1200), Level: "info", Text: "step S7 is ready", Source: "https://reg-04.localhost:8443/app.js:12:3"}},
		Clauses:   []string{"L3 §7.1 user-present"},
		Reproduce: "go tool ginkgo run --seed=1772443800 --label-filter=REG-04 ./scenarios/journeys",
	}
}

func refused() reports.Result {
	return reports.Result{
		ID: "WP-01", Title: "Mia saves the passkey in Google Password Manager and is told that this is the wrong place", Group: "Wrong provider",
		Labels: []string{"wrong-provider"}, Priority: "essential", Driver: "bridge", Location: "wrong_provider_test.go:34",
		State: reports.Failed, Started: at(100), Duration: 8200 * time.Millisecond, Process: 2,
		Steps: []reports.Step{
			step("Mia opens the wizard and chooses her Android phone", 100, 1300, "WP-01/1.jpg"),
			{Text: "Mia saves it in Google Password Manager", At: at(1400), Duration: 2 * time.Second, Note: "provider chosen by the phone, not by the page", Screenshot: &reports.Picture{Path: "WP-01/2.jpg"}},
			{Text: "The wizard names Google Password Manager and says what to do", At: at(3400), Duration: 5 * time.Second, State: reports.Failed, Screenshot: &reports.Picture{Path: "WP-01/3.jpg", Caption: "when it failed", Width: 1280, Height: 900}},
		},
		Failure: &reports.Failure{
			Step: "The wizard names Google Password Manager and says what to do", Expected: "screen E2", Got: "screen S11",
			Page: &reports.PageView{
				URL: "https://wp-01.localhost:8443/security-info/add/r2/done", Title: "Done, step 6 of 6, Larkspur",
				Heading: "Your passkey is ready", Step: "S11",
			},
			Message:  "Timed out after 5.000s.\nExpected\n    <string>: S11\nto equal\n    <string>: E2",
			Location: "wrong_provider_test.go:41", Evidence: []string{"WP-01/3.jpg", "WP-01/page.html"},
		},
		Pictures:    []reports.Picture{{Path: "WP-01/desktop.jpg", Caption: "the whole desktop"}},
		Attachments: []reports.Attachment{{Name: "page source", Path: "WP-01/page.html", MediaType: "text/html"}, {Name: "trace", Path: "WP-01/trace #1.json", MediaType: "application/json"}},
		Console: []reports.ConsoleEntry{
			{At: at(3000), Level: "log", Text: "create() resolved", Source: "https://wp-01.localhost:8443/app.js:40:9"},
			{At: at(3390), Level: "error", Text: "Failed to load resource: the server responded with a status of 404", Source: "https://wp-01.localhost:8443/icons/gpm.svg:0:0"},
		},
		Network: []reports.NetworkEntry{
			{At: at(3100), Method: "POST", URL: "https://wp-01.localhost:8443/security-info/add/r2/verify", Status: 200, Duration: 25 * time.Millisecond, Kind: "fetch", Body: `{"next":"/security-info/add/r2/done"}`},
			{At: at(3380), Method: "GET", URL: "https://wp-01.localhost:8443/icons/gpm.svg", Status: 404, Kind: "image"},
			{At: at(3385), Method: "GET", URL: "https://wp-01.localhost:8443/outcome", Error: "net::ERR_ABORTED", Kind: "fetch"},
		},
		Ceremonies:   []reports.Ceremony{registration("accepted", true), authentication()},
		Observations: []string{"The browser asked for attestation although the policy does not."},
		Ended:        &reports.PageView{Step: "S11"},
		Clauses:      []string{"L3 §7.1 aaguid"},
		CVEs:         []string{"CVE-2021-38299"},
		Fix:          "Compare the AAGUID with those of the policy.",
		Exchanges: []reports.Exchange{
			{Layer: reports.LayerHTTP, Direction: "request", Title: "POST /attestation/result", Purpose: "the lie", Head: []string{"Content-Type: application/json"}, Length: 2, Text: "{}"},
		},
		Reproduce: "go tool ginkgo run --seed=1772443800 --label-filter=WP-01 ./scenarios/journeys",
	}
}

func skipped() reports.Result {
	return reports.Result{
		ID: "REG-01", Title: "Ada scans the code with her Android phone and saves the passkey in Larkspur ID", Group: "Registering",
		Labels: []string{"registration"}, Driver: "hybrid", State: reports.Skipped, Reason: "needs the hybrid driver, and no Bluetooth is available here",
	}
}

func unproved() reports.Result {
	return reports.Result{
		ID: "SEC-03", Title: "A challenge that was used is not taken twice", Group: "Security", Driver: "api",
		State: reports.Inconclusive, Reason: "the honest control was refused as well, so a refusal shows nothing", Started: at(9000), Duration: 300 * time.Millisecond, Process: 1,
	}
}

func advised() reports.Result {
	return reports.Result{
		ID: "RP-05", Title: "The list of algorithms offers EdDSA", Group: "Security", Driver: "api",
		State: reports.Advised, Started: at(9500), Duration: 90 * time.Millisecond, Process: 2,
		Observations: []string{"EdDSA (-8) is not offered; the specification recommends it."},
	}
}

func broken() reports.Result {
	return reports.Result{
		ID: "DEL-02", Title: "Mia deletes a passkey and the phone is told", Group: "Deletion", Driver: "devtools",
		State: reports.Aborted, Started: at(9700), Duration: 30 * time.Second, Process: 2,
		Failure:   &reports.Failure{Message: "browser: launch: the browser ended before it was ready (exit status 1)\n\x1b[31mmissing X server\x1b[0m \x00", Location: "suite_test.go:20"},
		Reproduce: "go tool ginkgo run --seed=1772443800 --label-filter=DEL-02 ./scenarios/journeys",
	}
}

func step(text string, ms, took int, picture string) reports.Step {
	return reports.Step{
		Text: text, At: at(ms), Duration: time.Duration(took) * time.Millisecond,
		Screenshot: &reports.Picture{Path: picture, MediaType: "image/jpeg"},
	}
}

func registration(outcome string, accepted bool) reports.Ceremony {
	no := false
	return reports.Ceremony{
		Kind: reports.Registration, At: at(1500), Duration: 640 * time.Millisecond, Origin: "https://wp-01.localhost:8443", RPID: "wp-01.localhost",
		Outcome: outcome, Accepted: accepted,
		RevealedToPage: &reports.Revealed{
			Outcome: reports.OK, Attachment: "platform", Transports: []string{"internal", "hybrid"}, AAGUID: "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", Took: 600 * time.Millisecond,
		},
		Options: &reports.Options{
			Fields: []reports.Field{{Name: "rp", Value: "Larkspur (wp-01.localhost)"}, {Name: "pubKeyCredParams", Value: "ES256 (-7), RS256 (-257)"}, {Name: "attestation", Value: "none"}},
			JSON:   "{\n  \"rp\": {\n    \"id\": \"wp-01.localhost\"\n  }\n}",
		},
		Client: &reports.ClientData{
			Type: "webauthn.create", Challenge: "wPv6kqJ4dWJ0bGV0LWNoYWxsZW5nZS0zMg", Origin: "https://wp-01.localhost:8443", CrossOrigin: &no,
			Extra: []reports.Field{{Name: "other_keys_can_be_added_here", Value: `"do not compare"`}},
			JSON:  `{"type":"webauthn.create","challenge":"wPv6kqJ4dWJ0bGV0LWNoYWxsZW5nZS0zMg","origin":"https://wp-01.localhost:8443","crossOrigin":false}`,
		},
		Credential: &reports.Credential{
			ID: "q83vEjRWeJASNFZ4kBI0VniQEjQ", Tail: "VniQEjQ", Attachment: "platform", Transports: []string{"internal", "hybrid"},
			Extensions: []reports.Field{{Name: "credProps", Value: `{"rk":true}`}},
		},
		Authenticator: attestedData(),
		Attestation: &reports.Attestation{
			Format: "packed", Summary: "packed, self attestation: signed with the credential's own key",
			Fields: []reports.Field{{Name: "alg", Value: "ES256 (-7)"}, {Name: "sig", Value: "71 bytes, ECDSA, DER"}},
			Diag:   `{"alg": -7, "sig": h'3045022100'}`,
		},
		Exchanges: []reports.Exchange{
			{At: at(1510), Layer: "ctap2", Direction: "request", Title: "authenticatorMakeCredential", Length: 214, Text: "{1: h'9f86',\n  2: {\"id\": \"wp-01.localhost\"}}"},
			{At: at(2100), Layer: "ctap2", Direction: "response", Title: "CTAP2_OK", Length: 310, Text: "{1: \"packed\"}"},
		},
	}
}

func attestedData() *reports.AuthenticatorData {
	return &reports.AuthenticatorData{
		RPIDHash: strings.Repeat("5c", 32), RPIDHashOf: "wp-01.localhost", FlagsByte: "0x5d", Flags: flags("UP UV BE BS AT"), Counter: 0,
		AAGUID: "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", Provider: "Google Password Manager", KeySummary: "ES256 (-7), P-256",
		KeyDiag: "{1: 2, 3: -7, -1: 1, -2: h'" + strings.Repeat("a1", 32) + "', -3: h'" + strings.Repeat("b2", 32) + "'}", TotalLength: 152,
		Segments: []reports.Segment{
			{Name: "rpIdHash", Offset: 0, Length: 32, Hex: strings.Repeat("5c", 32), Meaning: "SHA-256 of \"wp-01.localhost\""},
			{Name: "flags", Offset: 32, Length: 1, Hex: "5d", Meaning: "01011101"},
			{Name: "signCount", Offset: 33, Length: 4, Hex: "00000000", Meaning: "0"},
			{Name: "aaguid", Offset: 37, Length: 16, Hex: "ea9b8d664d011d213ce4b6b48cb575d4", Meaning: "Google Password Manager"},
			{Name: "idLength", Offset: 53, Length: 2, Hex: "0014", Meaning: "20"},
			{Name: "credentialId", Offset: 55, Length: 20, Hex: "abcdef12345678901234567890123456789012", Meaning: "…VniQEjQ"},
			{Name: "publicKey", Offset: 75, Length: 77, Hex: "a5010203262001" + strings.Repeat("a1", 35) + strings.Repeat("b2", 35), Meaning: "ES256 (-7), P-256"},
		},
	}
}

func authentication() reports.Ceremony {
	return reports.Ceremony{
		Kind: reports.Authentication, At: at(5000), Origin: "https://wp-01.localhost:8443", RPID: "wp-01.localhost",
		Outcome:        "NotAllowedError",
		RevealedToPage: &reports.Revealed{Outcome: "NotAllowedError", Message: "The operation either timed out or was not allowed.", Took: 3 * time.Second},
		Credential:     &reports.Credential{ID: "q83vEjRWeJASNFZ4kBI0VniQEjQ", Tail: "VniQEjQ", UserHandle: "dXNlci0x"},
		Authenticator: &reports.AuthenticatorData{
			RPIDHash: strings.Repeat("00", 32), FlagsByte: "0x15", Flags: flags("UP UV BS"), Counter: 7, TotalLength: 37,
			Segments: []reports.Segment{{Name: "rpIdHash", Length: 32, Hex: strings.Repeat("00", 32), Meaning: "not the hash of \"wp-01.localhost\""}, {Name: "flags", Offset: 32, Length: 1, Hex: "15", Meaning: "00010101"}, {Name: "signCount", Offset: 33, Length: 4, Hex: "00000007", Meaning: "7"}},
		},
		Signature: &reports.Signature{Length: 71, Hex: "3045022100aabbccdd", Note: "ECDSA, DER"},
		Problems:  []string{"rpIdHash is not the SHA-256 of the RP ID \"wp-01.localhost\"", "flags: BS is set without BE; a credential that cannot be backed up is said to be backed up"},
	}
}

func flags(set string) []reports.Flag {
	var list []reports.Flag
	for bit, f := range []struct{ name, on, off string }{
		{"UP", "a person was present", "nobody was present"}, {"RFU", "reserved", "reserved"}, {"UV", "the person was verified", "the person was not verified"},
		{"BE", "may be backed up (synced)", "bound to one device"}, {"BS", "is backed up now", "is not backed up now"}, {"RFU", "reserved", "reserved"},
		{"AT", "carries a new credential", "carries no credential"}, {"ED", "carries extension data", "carries no extension data"},
	} {
		on := strings.Contains(" "+set+" ", " "+f.name+" ")
		meaning := f.off
		if on {
			meaning = f.on
		}
		list = append(list, reports.Flag{Name: f.name, Bit: bit, Set: on, Meaning: meaning})
	}
	return list
}

// largeRun repeats the small one under other ids until it has at least n results, most of them good.
func largeRun(n int) reports.Run {
	run := smallRun()
	kinds := []func() reports.Result{registered, registered, registered, advised, registered, skipped}
	for i := 0; len(run.Results) < n; i++ {
		result := kinds[i%len(kinds)]()
		result.ID = fmt.Sprintf("MORE-%02d", i+1)
		result.Group = []string{"Registering", "Wrong provider", "Already there", "Deletion", "Signing in"}[i%5]
		result.Duration = result.Duration * time.Duration(i%7+1) / 3
		result.Started = at(500 * i)
		result.Process = i%2 + 1
		for j := range result.Steps {
			result.Steps[j].Screenshot = &reports.Picture{Path: fmt.Sprintf("more/%d-%d.jpg", i%4, j)}
		}
		run.Results = append(run.Results, result)
	}
	return run
}

// pictures draws a wizard-like screen for every picture that the run names.
func pictures(run reports.Run) fstest.MapFS {
	files := fstest.MapFS{}
	for _, result := range run.Results {
		for i, s := range result.Steps {
			for _, v := range s.Views {
				width, height := 640, 480
				if v.Name == reports.ViewPhone {
					width, height = 390, 844
				}
				if v.Picture != nil && files[v.Picture.Path] == nil {
					files[v.Picture.Path] = &fstest.MapFile{Data: screen(len(v.State), width, height)}
				}
			}
			if s.Screenshot != nil && files[s.Screenshot.Path] == nil {
				files[s.Screenshot.Path] = &fstest.MapFile{Data: screen(len(s.Screenshot.Path)*7+i, 640, 450)}
			}
		}
		for _, p := range result.Pictures {
			files[p.Path] = &fstest.MapFile{Data: screen(3, 390, 844)}
		}
	}
	return files
}

// screen draws a header, a card, lines of text and a button, all of which vary with n.
func screen(n, width, height int) []byte {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	fill := func(x, y, w, h int, c color.Color) {
		draw.Draw(picture, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
	}
	ink, brand := color.RGBA{40, 46, 62, 255}, color.RGBA{byte(40 + n*37%120), byte(60 + n*53%90), 190, 255}
	fill(0, 0, width, height, color.RGBA{243, 244, 248, 255})
	fill(0, 0, width, height/12, brand)
	fill(width/5, height/6, width*3/5, height*2/3, color.White)
	fill(width/4, height/5, width/5+n*29%(width/5), height/28, ink)
	for line := range 3 + n%5 {
		fill(width/4, height*(8+line)/28, width/3+(n*line*41)%(width/6), height/70, color.RGBA{150, 156, 170, 255})
	}
	fill(width/4, height*5/7, width/6, height/16, brand)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 80}); err != nil {
		panic(err)
	}
	return b.Bytes()
}
