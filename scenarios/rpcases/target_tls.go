package rpcases

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
)

// TLS is how a server proves itself, and the suite to it.
type TLS struct {
	// CA is a PEM file of roots; Certificate and Key are the suite's own.
	CA          string `yaml:"ca"`
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	ServerName  string `yaml:"serverName"`
	// Insecure takes any certificate.
	Insecure bool `yaml:"insecure"`
}

func (t TLS) config(folder string) (*tls.Config, error) {
	c := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, MinVersion: tls.VersionTLS12}
	at := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(folder, name)
	}
	if t.CA != "" {
		content, err := os.ReadFile(at(t.CA))
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("tls.ca: %s holds no certificate; it must be PEM", t.CA)
		}
	}
	if t.Certificate != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(at(t.Certificate), at(t.Key))
		if err != nil {
			return nil, fmt.Errorf("tls.certificate and tls.key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
