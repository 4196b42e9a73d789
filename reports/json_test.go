package reports_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/passkeylab/passkeylab/reports"
)

func stored(t testing.TB, run reports.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := reports.JSON(&b, run); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadBringsBackWhatJSONWrote(t *testing.T) {
	run := largeRun(20)
	got, err := reports.Read(bytes.NewReader(stored(t, run)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, run) {
		t.Errorf("the run changed:\n got %+v\nwant %+v", got, run)
	}
}

// smallRun is the proof of the golden files, so it must use every member there is.
func TestSampleUsesEveryMember(t *testing.T) {
	seen := map[string]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if v.Type().PkgPath() == "time" {
				return
			}
			for i := range v.NumField() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				seen[name] = seen[name] || !v.Field(i).IsZero()
				walk(v.Field(i))
			}
		}
	}
	run := smallRun()
	run.Interrupted = true // has its own golden file
	run.Results[1].Failure.Page.Code = "x"
	run.Results[1].Ceremonies[0].Client.TopOrigin = "x"
	run.Results[1].Ceremonies[0].Authenticator.Extensions = "{}"
	cases := comparedRun() // has its own golden files
	run.Since, run.Unused, run.Results = cases.Since, cases.Unused, append(run.Results, cases.Results...)
	walk(reflect.ValueOf(run))
	for name, used := range seen {
		if !used {
			t.Errorf("%s is never set in the sample", name)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := string(stored(t, smallRun()))
	for _, test := range []struct{ name, input, says string }{
		{"nothing", " \n", "empty"},
		{"text", "hello", "not JSON"},
		{"cut short", good[:len(good)/2], "ends early"},
		{"a list", "[]", "not an object"},
		{"other JSON", `{"name":"x"}`, `no "format" member`},
		{"newer format", `{"format":"passkeylab-run/2"}`, `"passkeylab-run/2"`},
		{"unknown member", strings.Replace(good, `"suite"`, `"siute"`, 1), "siute"},
		{"wrong type", strings.Replace(good, `"seed": 1772443800`, `"seed": "x"`, 1), "members of a run"},
		{"unknown state", strings.Replace(good, `"state": "passed"`, `"state": "green"`, 1), `"green"`},
		{"no id", strings.Replace(good, `"id": "REG-04"`, `"id": ""`, 1), "result 1"},
		{"two runs", good + good, "after the end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := reports.Read(strings.NewReader(test.input))
			var wrong *reports.FormatError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a FormatError", err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q does not say %q", err, test.says)
			}
		})
	}
	broken := errors.New("disk gone")
	if _, err := reports.Read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("the reader's own error was lost: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(stored(f, smallRun()))
	f.Add(stored(f, reports.Run{}))
	f.Add([]byte(`{"format":"passkeylab-run/1","results":[{"id":"x","state":"passed","started":"0001-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"format":"passkeylab-run/1","results":null}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		run, err := reports.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := reports.Read(bytes.NewReader(stored(t, run)))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if !bytes.Equal(stored(t, run), stored(t, again)) {
			t.Error("reading changed the run")
		}
	})
}
