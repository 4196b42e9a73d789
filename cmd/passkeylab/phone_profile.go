package main

import (
	"errors"
	"strings"

	"github.com/passkeylab/passkeylab/virtualauth/phone"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// handsetID is the phone's part of the address of its page.
const handsetID = "phone"

// profile makes the phone's settings of the flags. Every mistake is one of usage.
func (o phoneOptions) profile() (phone.Settings, error) {
	var s phone.Settings
	switch strings.ToLower(o.os) {
	case "android":
		s = phone.Android()
	case "ios":
		s = phone.IPhone()
	default:
		return s, usage("--os %s: there are android and ios", o.os)
	}
	if o.version < 0 {
		return s, usage("--version %d: give the number of the system's version, such as 15", o.version)
	}
	s.Version = o.version
	if o.name != "" {
		s.Name = o.name
	}
	if len(o.providers) > 0 {
		s.Providers = nil
	}
	for _, name := range o.providers {
		found, err := provider.ByName(name)
		if unknown := new(provider.NameError); errors.As(err, &unknown) {
			return s, usage("--provider: %w", err)
		}
		if s.Find(found.Name) != nil {
			return s, usage("--provider %s: it is there twice; each provider is on the phone once", name)
		}
		s.Providers = append(s.Providers, phone.Provider{Provider: found, BuiltIn: cameWith(s.OS, found.Name)})
	}
	if o.workProfile {
		s.Profile = phone.Work
		for _, p := range s.Providers {
			p.Profile = phone.Work
			s.Providers = append(s.Providers, p)
		}
	}
	return s, o.prefer(&s)
}

// cameWith reports whether a provider is the system's own.
func cameWith(system phone.OS, name string) bool {
	if system == phone.IOS {
		return name == provider.ApplePasswords().Name
	}
	return name == provider.GooglePasswordManager().Name || name == provider.SamsungPass().Name
}

// prefer sets the provider that is offered first, in the profile in front.
func (o phoneOptions) prefer(s *phone.Settings) error {
	if o.preferred == "" {
		return nil
	}
	for _, p := range s.Providers {
		if strings.EqualFold(p.Name, o.preferred) && p.Profile == s.Profile {
			s.Preferred = p.Key()
			return nil
		}
	}
	return usage("--preferred %s: it is not on this phone, which has %s", o.preferred, providersOf(*s))
}
