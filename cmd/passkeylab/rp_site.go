package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/attest"
	"github.com/passkeylab/passkeylab/rp/policy"
)

// site is where people find the relying party.
type site struct {
	origin string
	secure bool // https in people's browsers
	local  bool // nobody but this machine can reach it
}

// siteOf decides the origin. An address that others can reach needs an origin of its own, because a browser makes passkeys
// over plain http for localhost only.
func siteOf(address net.Addr, o rpOptions) (site, error) {
	tcp, isTCP := address.(*net.TCPAddr)
	loopback := isTCP && tcp.IP.IsLoopback()
	if o.origin == "" {
		if !loopback {
			return site{}, usage("%s can be reached by other machines, and their browsers need https: put a proxy in front and name its address, for example --origin=https://login.example.com; or listen on 127.0.0.1", address)
		}
		return site{origin: fmt.Sprintf("http://localhost:%d", tcp.Port), local: true}, nil
	}
	origin, err := url.Parse(o.origin)
	if err != nil {
		return site{}, usage("--origin %s is no web address: %w", o.origin, err)
	}
	host := origin.Hostname()
	return site{
		origin: o.origin,
		secure: origin.Scheme == "https",
		local:  loopback && (host == "localhost" || strings.HasSuffix(host, ".localhost")),
	}, nil
}

// demoAccounts seeds them, and refuses to serve their public passwords where others could use them, also those that an
// earlier run has left in the database.
func demoAccounts(ctx context.Context, party *rp.RelyingParty, where site, unwanted bool) error {
	if !where.local {
		if !unwanted {
			return usage("the demo accounts' passwords are public, and %s can be reached by other people; add --no-demo, or serve on this machine only (--listen=127.0.0.1:8080, without --origin)", where.origin)
		}
		for _, account := range rp.DemoAccounts() {
			_, err := party.UserByName(ctx, account.UserName)
			if err == nil {
				return usage("this database holds the demo account %s, whose password is public, and %s can be reached by other people; start with another folder: --data", account.UserName, where.origin)
			}
			if !errors.Is(err, rp.ErrNotFound) {
				return fmt.Errorf("look for demo accounts: %w", err)
			}
		}
		return nil
	}
	if unwanted {
		return nil
	}
	if err := party.SeedDemo(ctx); err != nil {
		return fmt.Errorf("make the demo accounts: %w", err)
	}
	return nil
}

// dataFolder returns the folder of the database, and what is to be done when it is no longer needed.
func dataFolder(o rpOptions) (dir string, forget func() error, err error) {
	keep := func() error { return nil }
	if o.temporary {
		dir, err = os.MkdirTemp("", "passkeylab-rp-")
		if err != nil {
			return "", keep, fmt.Errorf("make a temporary folder: %w", err)
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	}
	dir = o.data
	if dir == "" {
		if dir, err = userDataFolder(os.Getenv); err != nil {
			return "", keep, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", keep, fmt.Errorf("make the data folder; choose another with --data, or use --temporary: %w", err)
	}
	return dir, keep, nil
}

// userDataFolder follows the XDG Base Directory Specification: $XDG_DATA_HOME, or ~/.local/share. A relative
// $XDG_DATA_HOME is invalid by it and ignored.
func userDataFolder(getenv func(string) string) (string, error) {
	if base := getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "passkeylab"), nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", usage("neither $XDG_DATA_HOME nor $HOME names a folder; say where data is kept with --data, or use --temporary")
	}
	return filepath.Join(home, ".local", "share", "passkeylab"), nil
}

// sampleWords say the policies that ship with the program.
var sampleWords = map[string]string{
	policy.SampleOpen:        "any provider",
	policy.SampleApprovedApp: "only " + approvedApp + ", the organisation's phone app",
	policy.SampleAttested:    "only devices that prove their model by attestation",
}

// readPolicy returns the policy by one of its names, or from a file, and says it in words.
func readPolicy(name string) (accepted policy.Policy, described string, err error) {
	if described, shipped := sampleWords[name]; shipped {
		accepted, err = policy.Sample(name)
		return accepted, described, err
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return policy.Policy{}, "", fmt.Errorf("--policy %s: there is no such file; use %s, or the path of a policy file", name, strings.Join(policy.Samples(), ", "))
	}
	if err != nil {
		return policy.Policy{}, "", fmt.Errorf("--policy: %w", err)
	}
	if accepted, err = policy.Parse(content); err != nil {
		return policy.Policy{}, "", fmt.Errorf("--policy %s: %w", name, err)
	}
	return accepted, "as in " + name, nil
}

// readAdminToken reads the administrator's token. Beside demo accounts, which are for this machine only, there is a fresh
// one when no file is named.
func readAdminToken(o rpOptions) (string, error) {
	if o.adminToken == "" {
		if o.noDemo {
			return "", nil
		}
		return rand.Text(), nil
	}
	content, err := os.ReadFile(o.adminToken)
	if err != nil {
		return "", fmt.Errorf("--admin-token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return "", fmt.Errorf("--admin-token %s: it is empty; write at least 16 characters that nobody can guess into it", o.adminToken)
	}
	return token, nil
}

// readRoots reads the trust anchors of attestation, which hold for every format; no file names none.
func readRoots(name string) (attest.Roots, error) {
	if name == "" {
		return attest.Roots{}, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return attest.Roots{}, fmt.Errorf("--attestation-roots: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return attest.Roots{}, fmt.Errorf("--attestation-roots %s: it holds no certificate; it must be PEM, with lines of -----BEGIN CERTIFICATE-----", name)
	}
	return attest.All(pool), nil
}
