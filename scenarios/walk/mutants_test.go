package walk

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var mutate = flag.Bool("walk.mutants", false, "break the relying party in one place after the other, and see the walks fail")

// mutant is one way to break the relying party: a piece of one of its files, and what stands there instead; and the walk that
// comes by there, because chance may take thousands.
type mutant struct{ name, file, old, new, walk string }

// How many of these walks begin: with a run before its ceremony, with one that waits, and with a passkey on the list.
const (
	chosen = "browser desktop; press password-sign-in code=right; press add; press primary method=passkey; "
	begun  = chosen + "begin; "
	added  = begun + "phone google; press secondary-keep; press primary; "
)

var mutants = []mutant{
	{"stored without verification", "rp/register.go", "case response.err != nil:\n\t\treturn refuse(response.code, response.err), nil", "case false:",
		begun + "phone google forge=origin"},
	{"a challenge counts again after a refusal", "rp/stray.go", "if wasOpen {\n\t\td.ceremony.ConsumedAt = rp.Now()\n\t}", "",
		begun + "phone google forge=origin"},
	{"a challenge never expires", "rp/register.go", "case d.ceremony.expired(rp.Now()):", "case false:",
		begun + "clock 6m; phone google"},
	{"a challenge counts after it was closed", "rp/register.go", "case !d.ceremony.Open():\n\t\treturn refuse(CodeChallengeUsed, nil), nil", "case false:",
		begun + "phone google held; settle; arrives"},
	{"another session's challenge counts", "rp/register.go", " || ceremony.SessionID != d.session.ID", "",
		begun + "tab; press sign-out; press password-sign-in code=right; tab; phone google"},
	{"the name page without a passkey", "rp/stray.go", "d.run.fail(refusal)\n\t}\n\treturn rp.audit", "d.run.goTo(S10)\n\t}\n\treturn rp.audit",
		begun + "phone google forge=origin"},
	{"the proof is not asked for at the options", "rp/creation.go", "if !rp.Freshness(s, ToChange).Fresh {", "if false {",
		chosen + "clock 5m; begin"},
	{"the proof is not asked for at a deletion", "rp/securityinfo.go", "if !rp.Freshness(s, ToChange).Fresh {", "if false {",
		added + "clock 5m; press delete-dialog-confirm"},
	{"the proof is not judged again at verify", "rp/register.go", "case d.ceremony.Open() && rp.proofEnded(d.session):", "case false:",
		begun + "policy recheck; clock 5m; phone google"},
	{"the limit is not judged at verify", "rp/register.go", "return limitRefusal(p, len(stored)), err", "_ = stored\n\treturn nil, err",
		begun + "app-signs-in right; app-creates app; policy one; phone google"},
	{"the limit is not judged at the options", "rp/guards.go", "if stored < p.Limit() {", "if stored < 99 {",
		added + "policy one; press add; press primary method=passkey; begin"},
	{"the policy is not judged at verify", "rp/register.go", "if refusal := refuseVerdict(p.AtRegistration(user.subject(), candidate)); refusal != nil {", "if refusal := refuseVerdict(p.AtRegistration(user.subject(), candidate)); refusal != nil && false {",
		begun + "policy app; phone google"},
	{"user verification is not checked", "rp/register.go", "case p.RequiresUV() && !response.credential.UVInitialized:", "case p.RequiresUV() && false:",
		begun + "phone google forge=no-uv"},
	{"strays are not remembered", "rp/stray.go", "rp.describe(refusal, response)\n\treturn rp.rememberStray(tx, RefusedTry{", "rp.describe(refusal, response)\n\tif true {\n\t\treturn nil\n\t}\n\treturn rp.rememberStray(tx, RefusedTry{",
		begun + "policy app; phone google"},
	{"what is stored is a stray when it comes again", "rp/stray.go", "if err != nil || bytes.Equal(ceremony.resultID, c.ID) {\n\t\treturn err\n\t}\n\tif _, err := credentialByID(tx, c.ID); !errors.Is(err, sql.ErrNoRows) {\n\t\treturn err\n\t}", "if errors.Is(err, sql.ErrNoRows) || bytes.Equal(nil, ceremony.ChallengeHash) {\n\t\treturn err\n\t}",
		begun + "phone app; ends-all-sessions; again"},
	{"the exclude list is empty", "rp/creation.go", "rp.creationOptions(user, run.Flow, list)", "rp.creationOptions(user, run.Flow, nil)",
		added + "press add; press primary method=passkey; begin"},
	{"the list of accepted passkeys lacks one", "rp/securityinfo.go", "for i := range list {\n\t\tall.AllAccepted", "for i := 1; i < len(list); i++ {\n\t\tall.AllAccepted",
		added},
	{"the audit log has no additions", "rp/register.go", "return &c, rp.audit(ctx, tx, AuditEvent{UserID: a.ID, Action: ActionPasskeyAdded, Target: idTail(c.ID)})", "return &c, nil",
		begun + "phone google"},
	{"nobody is told of an addition", "rp/register.go", "if err := rp.notify(ctx, tx, a.ID, ActionPasskeyAdded, c.Name); err != nil {", "if err := error(nil); err != nil {",
		begun + "phone google"},
	{"a second run leaves the first open", "rp/runs.go", "old[i].SupersededBy = newRunID", "_ = newRunID",
		begun + "tab; press add; press primary method=passkey"},
	{"leaving the waiting screen leaves the challenge open", "rp/steps.go", "if run.leavesCeremony(to) {", "if false {",
		begun + "press secondary-different"},
	{"a name loses characters", "rp/names.go", "name = norm.NFC.String(strings.TrimSpace(name))", "name = strings.ReplaceAll(norm.NFC.String(strings.TrimSpace(name)), \"&\", \"+\")",
		added + "press rename-dialog-confirm name=%26amp%3B+%26+%26lt%3B"},
	{"overrides of direction are allowed in names", "rp/names.go", "case r >= '\\u202a' && r <= '\\u202e', ", "case ",
		added + "press rename-dialog-confirm name=abc%E2%80%AEdef"},
	{"trying again leads nowhere", "rp/machine.go", "case E2, E2b, E10, E12:\n\t\treturn r.proofThen(r.ready(), at), true", "case E2, E2b, E10, E12:\n\t\treturn r.Screen, true",
		begun + "phone google forge=origin"},
	{"the outcome of a refused passkey leads nowhere", "rp/outcome.go", "if waits {", "if false {",
		begun + "phone google unsent; settle"},
	{"the provider on E2 comes from the client's word", "rp/providers.go", "if found, ok := p.byAAGUID[aaguid]; ok {", "if found, ok := p.byAAGUID[aaguid]; ok && !isSecurityKey(transports) && len(transports) < 3 && (len(transports) == 0 || transports[len(transports)-1] != \"usb\") {",
		begun + "policy app; phone samsung forge=transports"},
	{"the wrong problem for an error of the browser", "rp/outcome.go", "run.fail(refuse(code, nil))\n\t\trp.log", "if code == CodeAlreadyRegistered {\n\t\t\tcode = CodeNotAllowed\n\t\t}\n\t\trun.fail(refuse(code, nil))\n\t\trp.log",
		added + "press add; press primary method=passkey; begin; phone google"},
}

// source returns a file of the relying party with the mutant in it, and where that file is.
func (m mutant) source(t *testing.T) (path string, text string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		t.Fatalf("%s: what is to be broken stands %d times in %s; correct the table", m.name, n, m.file)
	}
	return path, strings.Replace(string(source), m.old, m.new, 1)
}

// What these walks find is the mutant, and nothing else.
func TestWalksThatMeetMutantsFindNothing(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) { again(t, &texts{}, []string{m.walk}) })
	}
}

// The table fits the code. With -walk.mutants each mutant is compiled in place of the original, without touching a file,
// and must make its walk fail; without it this takes no time.
func TestMutantsAreNoticed(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			path, text := m.source(t)
			if !*mutate {
				return
			}
			dir := t.TempDir()
			changed, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
			table, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
			if err != nil {
				t.Fatal(err)
			}
			for file, content := range map[string]string{changed: text, overlay: string(table)} {
				if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			output, err := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay="+overlay, ".", "-run=^TestWalks$", "-count=1", "-walk.replay="+m.walk).CombinedOutput()
			switch told := string(output); {
			case err == nil:
				t.Errorf("this walk notices nothing: %s", m.walk)
			case !strings.Contains(told, "after: "):
				t.Errorf("this is no finding of a walk:\n%s", told)
			default:
				found, _, _ := strings.Cut(told, "after: ")
				t.Log(strings.TrimSpace(found))
			}
		})
	}
}
