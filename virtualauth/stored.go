package virtualauth

import (
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// storedVersion is that of the form below. It goes up when an older reader would misunderstand a newer value.
const storedVersion = 1

// stored is a record as a Store keeps it: CTAP2 canonical CBOR. Numbers are never used for something else; absent means the
// zero value.
type stored struct {
	Version         uint           `cbor:"1,keyasint"`
	Sequence        uint64         `cbor:"2,keyasint"`
	ID              ctap2.Bytes    `cbor:"3,keyasint"`
	Handle          ctap2.Bytes    `cbor:"4,keyasint"`
	RPID            string         `cbor:"5,keyasint,omitempty"`
	RPName          string         `cbor:"6,keyasint,omitempty"`
	UserHandle      ctap2.Bytes    `cbor:"7,keyasint,omitempty"`
	UserName        string         `cbor:"8,keyasint,omitempty"`
	UserDisplayName string         `cbor:"9,keyasint,omitempty"`
	Discoverable    bool           `cbor:"10,keyasint,omitempty"`
	Algorithm       cose.Algorithm `cbor:"11,keyasint,omitempty"`
	PublicKey       ctap2.Bytes    `cbor:"12,keyasint,omitempty"`
	SignCount       uint32         `cbor:"13,keyasint,omitempty"`
	BackupEligible  bool           `cbor:"14,keyasint,omitempty"`
	BackupState     bool           `cbor:"15,keyasint,omitempty"`
	CreatedAt       ctap2.Bytes    `cbor:"16,keyasint,omitempty"`
	LastUsedAt      ctap2.Bytes    `cbor:"17,keyasint,omitempty"`
	InSoftware      bool           `cbor:"18,keyasint,omitempty"`
	// SecretWithUV and SecretWithoutUV are the handles of hmac-secret.
	SecretWithUV      ctap2.Bytes       `cbor:"19,keyasint,omitempty"`
	SecretWithoutUV   ctap2.Bytes       `cbor:"20,keyasint,omitempty"`
	CredProtect       ctap2.CredProtect `cbor:"21,keyasint,omitempty"`
	CredBlob          ctap2.Bytes       `cbor:"22,keyasint,omitempty"`
	LargeBlobKey      ctap2.Bytes       `cbor:"23,keyasint,omitempty"`
	LargeBlobCapable  bool              `cbor:"24,keyasint,omitempty"`
	LargeBlob         *storedLargeBlob  `cbor:"25,keyasint,omitempty"`
	ThirdPartyPayment bool              `cbor:"26,keyasint,omitempty"`
	RPIDHash          ctap2.Bytes       `cbor:"27,keyasint,omitempty"`
	NeverCounts       bool              `cbor:"28,keyasint,omitempty"`
}

// storedLargeBlob is a LargeBlob in a stored.
type storedLargeBlob struct {
	Data         ctap2.Bytes `cbor:"1,keyasint"`
	OriginalSize uint        `cbor:"2,keyasint"`
}

func (r *record) encode() ([]byte, error) {
	created, err := encodeTime(r.CreatedAt)
	if err != nil {
		return nil, err
	}
	used, err := encodeTime(r.LastUsedAt)
	if err != nil {
		return nil, err
	}
	s := stored{
		Version: storedVersion, Sequence: r.sequence, ID: r.ID, Handle: ctap2.Bytes(r.handle),
		RPID: r.RPID, RPName: r.RPName, RPIDHash: r.RPIDHash,
		UserHandle: r.UserHandle, UserName: r.UserName, UserDisplayName: r.UserDisplayName,
		Discoverable: r.Discoverable, Algorithm: r.Algorithm, PublicKey: r.PublicKey, SignCount: r.SignCount,
		BackupEligible: r.BackupEligible, BackupState: r.BackupState, CreatedAt: created, LastUsedAt: used,
		InSoftware: r.inSoftware, SecretWithUV: ctap2.Bytes(r.secrets.withUV), SecretWithoutUV: ctap2.Bytes(r.secrets.withoutUV),
		CredProtect: r.CredProtect, CredBlob: r.CredBlob, LargeBlobKey: r.LargeBlobKey, LargeBlobCapable: r.LargeBlobCapable,
		ThirdPartyPayment: r.ThirdPartyPayment, NeverCounts: r.NeverCounts,
	}
	if r.LargeBlob != nil {
		s.LargeBlob = &storedLargeBlob{Data: r.LargeBlob.Data, OriginalSize: r.LargeBlob.OriginalSize}
	}
	return ctap2.Marshal(s)
}

// decodeRecord reads what encode has written. Every failure is ErrUnreadable.
func decodeRecord(value []byte) (*record, error) {
	var s stored
	if err := ctap2.Unmarshal(value, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if s.Version != storedVersion {
		return nil, fmt.Errorf("%w: version %d, and %d is known", ErrUnreadable, s.Version, storedVersion)
	}
	created, err := decodeTime(s.CreatedAt)
	if err != nil {
		return nil, err
	}
	used, err := decodeTime(s.LastUsedAt)
	if err != nil {
		return nil, err
	}
	return s.record(created, used), nil
}

func (s *stored) record(created, used time.Time) *record {
	r := &record{
		Credential: Credential{
			ID: s.ID, RPID: s.RPID, RPName: s.RPName, RPIDHash: s.RPIDHash,
			UserHandle: s.UserHandle, UserName: s.UserName, UserDisplayName: s.UserDisplayName,
			Discoverable: s.Discoverable, Algorithm: s.Algorithm, PublicKey: s.PublicKey, SignCount: s.SignCount, NeverCounts: s.NeverCounts,
			BackupEligible: s.BackupEligible, BackupState: s.BackupState, CreatedAt: created, LastUsedAt: used,
			ExtensionData: ExtensionData{
				CredProtect: s.CredProtect, CredBlob: s.CredBlob, LargeBlobKey: s.LargeBlobKey, LargeBlobCapable: s.LargeBlobCapable,
				ThirdPartyPayment: s.ThirdPartyPayment,
			},
		},
		handle: keystore.Handle(s.Handle), inSoftware: s.InSoftware, place: place{sequence: s.Sequence},
		secrets: hmacSecrets{withUV: keystore.Handle(s.SecretWithUV), withoutUV: keystore.Handle(s.SecretWithoutUV)},
	}
	if s.LargeBlob != nil {
		r.LargeBlob = &LargeBlob{Data: s.LargeBlob.Data, OriginalSize: s.LargeBlob.OriginalSize}
	}
	return r
}

// encodeTime writes a time exactly, in the form of time.Time.MarshalBinary; the zero time is nothing.
func encodeTime(t time.Time) (ctap2.Bytes, error) {
	if t.IsZero() {
		return nil, nil
	}
	b, err := t.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("virtualauth: store: %w", err)
	}
	return b, nil
}

func decodeTime(b ctap2.Bytes) (t time.Time, err error) {
	if len(b) == 0 {
		return time.Time{}, nil
	}
	if err := t.UnmarshalBinary(b); err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return t, nil
}
