package rp

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"
)

//go:embed providers.yaml
var embeddedProviders []byte

// The keys of providers that no entry of the data file names.
const (
	ProviderUnknown     = "unknown"
	ProviderSecurityKey = "security-key"
)

// providers is the loaded data file.
type providers struct {
	byAAGUID         map[uuid.UUID]Provider
	securityKeySteps []string
	unknownSteps     []string
}

// providerFile is the data file's shape.
type providerFile struct {
	Version   int `yaml:"version"`
	Providers []struct {
		Key      string   `yaml:"key"`
		Name     string   `yaml:"name"`
		Approved bool     `yaml:"approved"`
		AAGUIDs  []string `yaml:"aaguids"`
		Steps    []string `yaml:"steps"`
	} `yaml:"providers"`
	SecurityKeySteps []string `yaml:"securityKeySteps"`
	UnknownSteps     []string `yaml:"unknownSteps"`
}

// loadProviders reads data, or the embedded file if data is nil. An empty file is no error: it names nobody.
func loadProviders(data []byte, app string) (*providers, error) {
	if data == nil {
		data = embeddedProviders
	}
	var file providerFile
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("rp: providers: %w", err)
	}
	p := &providers{byAAGUID: map[uuid.UUID]Provider{}, securityKeySteps: file.SecurityKeySteps, unknownSteps: file.UnknownSteps}
	for _, entry := range file.Providers {
		for _, text := range entry.AAGUIDs {
			id, err := uuid.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("rp: providers: %s: AAGUID %q: %w", entry.Key, text, err)
			}
			if id == uuid.Nil {
				return nil, fmt.Errorf("rp: providers: %s: the all-zero AAGUID names nobody; remove it", entry.Key)
			}
			if _, twice := p.byAAGUID[id]; twice {
				return nil, fmt.Errorf("rp: providers: AAGUID %s is listed twice", id)
			}
			p.byAAGUID[id] = Provider{
				Key: entry.Key, Name: strings.ReplaceAll(entry.Name, "{{app}}", app), Known: true,
				Approved: entry.Approved, Steps: entry.Steps,
			}
		}
	}
	return p, nil
}

// lookup names a model; transports tell a nameless security key from a nameless password manager.
func (p *providers) lookup(aaguid uuid.UUID, transports []string) Provider {
	if found, ok := p.byAAGUID[aaguid]; ok {
		found.Steps = slices.Clone(found.Steps)
		return found
	}
	if isSecurityKey(transports) {
		return Provider{Key: ProviderSecurityKey, Steps: slices.Clone(p.securityKeySteps)}
	}
	return Provider{Key: ProviderUnknown, Steps: slices.Clone(p.unknownSteps)}
}

// Provider names an authenticator model for display.
func (rp *RelyingParty) Provider(aaguid uuid.UUID) Provider { return rp.providers.lookup(aaguid, nil) }

// isSecurityKey tells a removable key by its transports (WebAuthn L3 §5.8.4): it is reached over USB, NFC, BLE or
// as a smart card, and neither inside the device nor over hybrid.
func isSecurityKey(transports []string) bool {
	key := false
	for _, transport := range transports {
		switch transport {
		case "internal", "hybrid":
			return false
		case "usb", "nfc", "ble", "smart-card":
			key = true
		}
	}
	return key
}
