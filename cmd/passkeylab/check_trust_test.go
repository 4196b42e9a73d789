package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/passkeylab/passkeylab/rp/mds"
	"github.com/passkeylab/passkeylab/scenarios/rpcases"
	"github.com/passkeylab/passkeylab/virtualauth/attestation/metadata"
)

// got fetches something.
func got(t *testing.T, url string) (content []byte, kind string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if content, err = io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: HTTP %d, %v", url, answer.StatusCode, err)
	}
	return content, answer.Header.Get("Content-Type")
}

func trustFiles(t *testing.T) []rpcases.TrustFile {
	t.Helper()
	files, err := rpcases.TrustFiles(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWhatIsToBeTrustedIsListedAndServed(t *testing.T) {
	files := trustFiles(t)
	server := httptest.NewServer(trustHandler(files))
	t.Cleanup(server.Close)
	index, kind := got(t, server.URL+"/")
	if !strings.HasPrefix(kind, "text/plain") || !strings.Contains(string(index), "public seed") {
		t.Errorf("%s: %s", kind, index)
	}
	for _, file := range files {
		if !strings.Contains(string(index), server.URL+"/"+file.Name+"\n    "+file.Use+"\n") {
			t.Errorf("%s and its use are not listed:\n%s", file.Name, index)
		}
		if content, kind := got(t, server.URL+"/"+file.Name); !bytes.Equal(content, file.Content) || !strings.HasPrefix(kind, "application/") {
			t.Errorf("%s: %d bytes of %s, want %d", file.Name, len(content), kind, len(file.Content))
		}
	}
}

// A server that fetches its metadata, as relying parties do, verifies it and knows the models.
func TestMetadataThatIsServedIsBelieved(t *testing.T) {
	server := httptest.NewServer(trustHandler(trustFiles(t)))
	t.Cleanup(server.Close)
	encoded, _ := got(t, server.URL+"/metadata-root.pem")
	block, _ := pem.Decode(encoded)
	if block == nil {
		t.Fatalf("%q is no PEM", encoded)
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	service, err := mds.New(mds.Config{
		Location: server.URL + "/lab-metadata.jwt", Clock: systemClock{}, Rand: rand.Reader,
		Verifier: mds.Verifier{Roots: []*x509.Certificate{root}, Signer: metadata.Host},
	})
	if err == nil {
		err = service.Load(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, listed := service.Entry(rpcases.LabAAGUID, nil); !listed {
		t.Error("the suite's model is not listed")
	}
}

var listedAt = regexp.MustCompile(`(?m)^What the server must trust is listed at (http://(127\.0\.0\.1:\d+)/)$`)

func TestItIsServedDuringTheCheckAndNoLonger(t *testing.T) {
	var out output
	broken := errors.New("what came of the check")
	var at []string
	err := app{out: &out}.serveTrust(t.Context(), ":0", func(context.Context) error {
		if at = listedAt.FindStringSubmatch(out.String()); at == nil {
			return errors.New("the address was not printed before")
		}
		if index, _ := got(t, at[1]); !strings.Contains(string(index), at[1]+"attestation-root.pem") {
			t.Errorf("the index is %s", index)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at[2]); err == nil {
		t.Error("it is still served")
	}
}

func TestWithoutATargetItIsServedUntilTheEnd(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out output
	code := make(chan int, 1)
	go func() {
		code <- app{in: strings.NewReader(""), out: &out, err: io.Discard}.run(ctx, []string{"check", "rp", "--serve-trust=:0"})
	}()
	if !eventually(func() bool { return listedAt.MatchString(out.String()) }) {
		t.Fatalf("the address was not printed: %s", &out)
	}
	got(t, listedAt.FindStringSubmatch(out.String())[1])
	interrupt()
	if got := <-code; got != exitGood {
		t.Errorf("exit code %d", got)
	}
}

func TestAnAddressThatCannotBeServedAtIsNamed(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]string{
		"8099": "--serve-trust=8099: cannot listen there; write host:port", ":x": "cannot listen there",
		taken.Addr().String(): "is taken by another program",
	} {
		err := app{out: io.Discard}.serveTrust(t.Context(), address, func(context.Context) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
