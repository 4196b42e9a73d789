package main

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
	"github.com/passkeylab/passkeylab/virtualauth/keystore/tpmstore"
	"github.com/passkeylab/passkeylab/virtualauth/vaultfile"
)

// belongings are what a phone has beyond one run: the keys in its TPM, and a vault for each provider.
type belongings struct {
	dir    string // empty: nothing is kept
	secret []byte
	keys   keystore.KeyStore
	inTPM  bool

	closers []func() error
}

// secretLength is that of the file "secret", in bytes.
const secretLength = 32

// openBelongings opens what is kept in a folder, or begins anew.
func openBelongings(ctx context.Context, dir string) (*belongings, error) {
	b := &belongings{dir: dir}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of --state: %w", err)
		}
		var err error
		if b.secret, err = secretIn(filepath.Join(dir, "secret")); err != nil {
			return nil, err
		}
	}
	return b, b.openKeys(ctx)
}

// secretIn reads the secret that all else in the folder is encrypted with, or makes it, for nobody but the user to read.
func secretIn(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		secret = make([]byte, secretLength)
		if _, err := rand.Read(secret); err != nil {
			return nil, fmt.Errorf("draw a secret: %w", err)
		}
		if err := os.WriteFile(path, secret, 0o600); err != nil {
			return nil, fmt.Errorf("keep the secret of --state: %w", err)
		}
		return secret, nil
	case err != nil:
		return nil, fmt.Errorf("read the secret of --state: %w", err)
	case len(secret) != secretLength:
		return nil, fmt.Errorf("%s has %d bytes, and not %d: it is no secret of a phone; choose another folder with --state", path, len(secret), secretLength)
	}
	return secret, nil
}

// derive makes the key for one purpose.
func (b *belongings) derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, b.secret, nil, "passkeylab phone "+purpose, secretLength)
}

// openKeys opens the TPM simulator. Where the program was built without it the keys are in software.
func (b *belongings) openKeys(ctx context.Context) error {
	simulator := tpmstore.Simulator{}
	sealing := make([]byte, secretLength)
	if b.dir != "" {
		var err error
		if simulator.Secret, err = b.derive("tpm"); err != nil {
			return err
		}
		if sealing, err = b.derive("sealed keys"); err != nil {
			return err
		}
		simulator.StateFile = filepath.Join(b.dir, "tpm")
	}
	store, err := tpmstore.Open(ctx, simulator, tpmstore.Config{Pool: map[cose.Algorithm]int{cose.ES256: 1}})
	switch {
	case errors.Is(err, tpmstore.ErrNoSimulator) && b.dir == "":
		b.keys = keystore.NewSoftware(rand.Reader)
		return nil
	case errors.Is(err, tpmstore.ErrNoSimulator):
		b.keys = keystore.NewSealed(rand.Reader, [secretLength]byte(sealing))
		return nil
	case err != nil:
		return fmt.Errorf("open the phone's TPM: %w", err)
	}
	b.keys, b.inTPM = store, true
	b.closers = append(b.closers, store.Close)
	return nil
}

// vault opens where the passkeys of a provider are kept.
func (b *belongings) vault(key string) (virtualauth.Store, error) {
	secret, err := b.derive("vault " + key)
	if err != nil {
		return nil, err
	}
	file, err := vaultfile.Open(vaultfile.Options{Path: filepath.Join(b.dir, fileName(key)+".vault"), Key: secret, Rand: rand.Reader})
	if errors.Is(err, vaultfile.ErrLocked) {
		return nil, fmt.Errorf("another passkeylab phone has the folder %s: stop that one, or choose another with --state: %w", b.dir, err)
	}
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, file.Close)
	return file, nil
}

// fileName makes a provider's key the name of a file.
func fileName(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(key))
}

// described says where the passkeys are.
func (b *belongings) described() string {
	where := "its keys are in software, because this program was built without the TPM simulator"
	if b.inTPM {
		where = "its keys are in a TPM simulator"
	}
	if b.dir == "" {
		return where + ", and forgotten at the end"
	}
	return where + ", and kept in " + b.dir
}

// close closes what was opened, the last first.
func (b *belongings) close() error {
	var errs []error
	for i := len(b.closers) - 1; i >= 0; i-- {
		errs = append(errs, b.closers[i]())
	}
	b.closers = nil
	return errors.Join(errs...)
}
