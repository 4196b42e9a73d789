package orgapp

import (
	"crypto/sha256"

	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/web"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

// Name is what people call the app.
const Name = "Larkspur ID"

// certificate stands for the hash of the certificate that the app for Android is signed with.
func certificate() [32]byte { return sha256.Sum256([]byte(Name + " for Android")) }

// Registered are the apps as the relying party knows them.
func Registered() rp.Apps { return rp.Apps{Android: [][32]byte{certificate()}, Apple: true} }

// Published are the same apps as the site publishes them.
func Published() web.WellKnown {
	return web.WellKnown{
		Android: []web.AndroidApp{{Package: "example.larkspur.id", Certificates: [][32]byte{certificate()}}},
		Apple:   []web.AppleApp{"A1B2C3D4E5.example.larkspur.id"},
	}
}

// Providers are the app as a provider of passkeys, once for each system that it exists for.
func Providers() []provider.Provider {
	return []provider.Provider{provider.LarkspurIDAndroid(), provider.LarkspurIDIOS()}
}
