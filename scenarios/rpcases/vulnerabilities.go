package rpcases

import "slices"

// vulnerability is one that was published, of a relying party or of a library that makes one, and the fact sheets whose cases
// show its kind.
type vulnerability struct {
	// ID is that of the CVE, or, where there is none, the issue of a project: "kratos#4519".
	ID     string
	Sheets []string
}

// vulnerabilities are those that are known, in the order of the record.
func vulnerabilities() []vulnerability {
	return []vulnerability{
		{"CVE-2020-8236", []string{"S-ADA-003"}},                                                 // Nextcloud: user verification not enforced
		{"CVE-2021-32726", []string{"S-UNQ-020", "S-UNQ-021"}},                                   // Nextcloud: credentials of deleted users
		{"CVE-2021-38299", []string{"S-ADA-019", "S-ADA-020"}},                                   // webauthn-framework: user presence not checked
		{"CVE-2021-40818", []string{"S-ADA-038"}},                                                // Glewlwyd: length of the credential id
		{"CVE-2022-21449", []string{"S-SIG-016"}},                                                // Java: ECDSA numbers of zero
		{"CVE-2022-27240", []string{"S-ADA-038"}},                                                // Glewlwyd: length of the credential id
		{"CVE-2022-42731", []string{"S-SES-001"}},                                                // django-mfa2: replay of a registration
		{"CVE-2023-49208", []string{"S-ADA-038"}},                                                // Glewlwyd: length of the credential id
		{"CVE-2024-12225", []string{"S-SES-022.r", "S-SES-022.a"}},                               // Quarkus: endpoints of the framework left open
		{"CVE-2024-39912", []string{"S-API-028"}},                                                // webauthn-lib: user names told apart
		{"CVE-2025-12150", []string{"S-FNO-007"}},                                                // Keycloak: no statement where one was demanded
		{"CVE-2025-26788", []string{"S-UNQ-010"}},                                                // StrongKey: credential of another account
		{"CVE-2025-53102", []string{"S-SES-002"}},                                                // Discourse: challenge not used up
		{"CVE-2026-0723", []string{"S-ENA-026"}},                                                 // GitLab: a check that failed, ignored
		{"CVE-2026-28787", []string{"S-SES-007"}},                                                // challenge made by the client
		{"CVE-2026-30964", []string{"S-ORI-005.r", "S-ORI-005.a", "S-ORI-006.r", "S-ORI-006.a"}}, // scheme and port of the origin
		{"CVE-2026-31835", []string{"S-BKP-011"}},                                                // flags kept before verification
		{"CVE-2026-37982", []string{"S-SES-021"}},                                                // Keycloak: enrolment token used twice
		{"CVE-2026-46419", []string{"S-UNQ-009"}},                                                // java-webauthn-server: credential of another account
		{"CVE-2026-47841", []string{"S-SES-023"}},                                                // user verification forgotten with the session
		{"CVE-2026-6856", []string{"S-FPS-014"}},                                                 // AAGUID believed in self attestation
		{"CVE-2026-8830", []string{"S-KEY-018", "S-UNQ-026", "S-UNQ-027", "S-UNQ-028"}},          // Keycloak: policy enforced by the client alone
		{"CVE-2026-134320", []string{"S-ADA-003"}},                                               // better-auth: user verification not enforced
		{"GHSA-6hxq-p678-4hr2", []string{"S-FPF-041"}},                                           // SimpleWebAuthn: root that the statement brought
		{"BossConsole#35", []string{"S-CDJ-070.r", "S-CDJ-070.a"}},                               // challenge of the body compared, and not the signed one
		{"keycloak#50719", []string{"S-UNQ-026"}},                                                // attachment enforced by the client alone
		{"kratos#4519", []string{"S-UNQ-022"}},                                                   // user handle changed at the second registration
		{"webauthn.io#28", []string{"S-SES-002"}},                                                // challenge not used up
		{"lbuchs#122", []string{"S-ORI-001.r", "S-ORI-001.a"}},                                   // origin compared by its end
		{"lbuchs#123", []string{"S-ORI-001.r", "S-ORI-001.a"}},                                   // origin compared by its end
		{"web-auth#143", []string{"S-ORI-001.r", "S-ORI-001.a"}},                                 // origin compared by its end
	}
}

// published are the vulnerabilities that a case is about: those that it names itself, and those of its fact sheets.
func published(c Case) []string {
	all := slices.Clone(c.CVEs)
	for _, v := range vulnerabilities() {
		if slices.ContainsFunc(v.Sheets, func(sheet string) bool { return slices.Contains(c.Aliases, sheet) }) {
			all = append(all, v.ID)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
