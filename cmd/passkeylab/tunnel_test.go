package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// relayed runs passkeylab tunnel in this process until the returned function stops it, which returns the exit code.
func relayed(t *testing.T, flags ...string) (printed, failed *output, stop func() int) {
	t.Helper()
	printed, failed = &output{}, &output{}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- app{in: strings.NewReader(""), out: printed, err: failed}.run(ctx, append([]string{"tunnel", "--listen=127.0.0.1:0"}, flags...))
	}()
	stop = func() int {
		cancel()
		select {
		case code := <-ended:
			return code
		case <-time.After(15 * time.Second):
			t.Error("the tunnel server did not stop")
			return -1
		}
	}
	if !eventually(func() bool { return strings.Contains(printed.String(), "spki-list") || failed.String() != "" }) || failed.String() != "" {
		stop()
		t.Fatalf("it does not run:\n%s%s", printed, failed)
	}
	return printed, failed, stop
}

func TestTheTunnelServerIsServedAndStopsCleanly(t *testing.T) {
	printed, failed, stop := relayed(t, "--metrics=127.0.0.1:0", "--domain=cable.my.example")
	text := printed.String()
	shown := regexp.MustCompile(`--host-resolver-rules='MAP cable\.ua5v\.com (127\.0\.0\.1:\d+),MAP cable\.auth\.com (\S+),MAP cable\.my\.example (\S+)'`).FindStringSubmatch(text)
	pin := regexp.MustCompile(`--ignore-certificate-errors-spki-list='([^']+)'`).FindStringSubmatch(text)
	metrics := regexp.MustCompile(`http://\S+/metrics`).FindString(text)
	if shown == nil || pin == nil || metrics == "" || !strings.Contains(text, "--user-data-dir=") || !strings.Contains(text, "Ctrl-C") {
		t.Fatalf("the directions are:\n%s", text)
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: "cable.my.example"}}).DialContext(t.Context(), "tcp", shown[1])
	if err != nil {
		t.Fatal(err)
	}
	leaf := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	if got := base64.StdEncoding.EncodeToString(hash[:]); got != pin[1] || leaf.VerifyHostname("cable.my.example") != nil {
		t.Errorf("its key is %s, and it says %s", got, pin[1])
	}
	_ = conn.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, metrics, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	counted, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if !strings.Contains(string(counted), "passkeylab_tunnel_open") {
		t.Errorf("the metrics are %s", counted)
	}
	if code := stop(); code != exitGood || failed.String() != "" {
		t.Errorf("exit code %d, %q", code, failed)
	}
	if _, err := (&tls.Dialer{}).DialContext(t.Context(), "tcp", shown[1]); err == nil {
		t.Error("it still answers")
	}
}

func TestATunnelServerTellsWhatItDoesWhenAsked(t *testing.T) {
	printed, failed, stop := relayed(t, "-v")
	address := regexp.MustCompile(`is at (\S+)`).FindStringSubmatch(printed.String())[1]
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/cable/new/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if code := stop(); code != exitGood || !strings.Contains(failed.String(), "status=400") || !strings.Contains(failed.String(), "32 hexadecimal digits") {
		t.Errorf("exit code %d, %q", code, failed)
	}
}
