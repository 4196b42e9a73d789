package authdata

import "strings"

// Flags is the flags byte of authenticator data (WebAuthn L3 §6.1).
type Flags byte

// The flags; bits 1 and 5 are reserved.
const (
	// UP, user present: bit 0.
	UP Flags = 1 << 0
	// UV, user verified: bit 2.
	UV Flags = 1 << 2
	// BE, backup eligible: bit 3. Fixed for the life of a credential (WebAuthn L3 §6.1.3).
	BE Flags = 1 << 3
	// BS, backed up now: bit 4. Only together with BE (WebAuthn L3 §6.1.3).
	BS Flags = 1 << 4
	// AT, attested credential data follows: bit 6.
	AT Flags = 1 << 6
	// ED, extension data follows: bit 7.
	ED Flags = 1 << 7
)

// Has reports whether all of the given flags are set.
func (f Flags) Has(flags Flags) bool { return f&flags == flags }

// String lists the set flags from bit 0 upwards, "UP UV AT"; reserved bits appear as RFU1 and RFU5; "none" for zero.
func (f Flags) String() string {
	var set []string
	for bit, name := range [8]string{"UP", "RFU1", "UV", "BE", "BS", "RFU5", "AT", "ED"} {
		if f&(1<<bit) != 0 {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return "none"
	}
	return strings.Join(set, " ")
}
