package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// This file hands out what a server must trust before the cases about attestation can be put to it: as files, or over HTTP.

// exportTrust writes what a server must trust, and tells what each file is for.
func (a app) exportTrust(ctx context.Context, folder string) error {
	files, err := rpcases.TrustFiles(ctx, time.Now())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("export what is to be trusted: %w", err)
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(folder, file.Name), file.Content, 0o644); err != nil {
			return fmt.Errorf("export what is to be trusted: %w", err)
		}
	}
	return tellTrust(a.out, files, func(name string) string { return filepath.Join(folder, name) })
}

// tellTrust tells where each file is, and what it is for.
func tellTrust(w io.Writer, files []rpcases.TrustFile, where func(name string) string) error {
	var text bytes.Buffer
	for _, file := range files {
		fmt.Fprintf(&text, "%s\n    %s\n", where(file.Name), file.Use)
	}
	fmt.Fprintln(&text, "Everything follows from a public seed: never let a server with real accounts trust these.")
	_, err := text.WriteTo(w)
	return err
}

// serveTrust serves at an address what a server must trust, says where, and goes on doing it during something else.
func (a app) serveTrust(ctx context.Context, address string, during func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	files, err := rpcases.TrustFiles(ctx, time.Now())
	if err != nil {
		return err
	}
	listener, err := listenTrust(ctx, address)
	if err != nil {
		return err
	}
	defer listener.Close() // a second close, after the server's own, changes nothing
	fmt.Fprintf(a.out, "What the server must trust is listed at http://%s/\n", listener.Addr())
	ctx, done := context.WithCancel(ctx)
	defer done()
	var came error
	served := runServer(ctx, listener, trustHandler(files), func(ctx context.Context) {
		defer done()
		came = during(ctx)
	})
	if served != nil {
		return errors.Join(came, served)
	}
	return came
}

// untilEnd waits until it is told to end.
func untilEnd(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// listenTrust opens the address, of this machine alone where it names no host.
func listenTrust(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		if host == "" {
			host = "127.0.0.1"
		}
		var listener net.Listener
		if listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, port)); err == nil {
			return listener, nil
		}
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--serve-trust=%s: the port is taken by another program; choose another one, or 0 for any that is free", address)
	}
	return nil, usage("--serve-trust=%s: cannot listen there; write host:port, or :port for this machine alone, for example --serve-trust=:8099: %w", address, err)
}

// under are addresses at a host.
func under(host string) func(name string) string {
	return func(name string) string { return "http://" + host + "/" + name }
}

// trustHandler serves the files, and tells at / where each is and what it is for.
func trustHandler(files []rpcases.TrustFile) http.Handler {
	kinds := map[string]string{".pem": "application/x-pem-file", ".jwt": "application/jwt", ".crl": "application/pkix-crl"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = tellTrust(w, files, under(r.Host)) // whoever asked has gone
	})
	for _, file := range files {
		mux.HandleFunc("GET /"+file.Name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kinds[path.Ext(file.Name)])
			http.ServeContent(w, r, file.Name, time.Time{}, bytes.NewReader(file.Content))
		})
	}
	return mux
}
