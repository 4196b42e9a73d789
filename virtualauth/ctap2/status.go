package ctap2

import "fmt"

// Status is the first byte of a response (CTAP 2.3 §8.2). Any other than OK is the error of the command:
// errors.Is(err, ctap2.CredentialExcluded) works on what the callers of this package return.
type Status byte

// The status codes that an authenticator of this module answers, and those that a caller must be able to tell apart.
const (
	OK                   Status = 0x00
	InvalidCommand       Status = 0x01
	InvalidParameter     Status = 0x02
	InvalidLength        Status = 0x03
	InvalidSeq           Status = 0x04
	Timeout              Status = 0x05
	ChannelBusy          Status = 0x06
	LockRequired         Status = 0x0A
	InvalidChannel       Status = 0x0B
	UnexpectedType       Status = 0x11
	InvalidCBOR          Status = 0x12
	MissingParameter     Status = 0x14
	LimitExceeded        Status = 0x15
	FPDatabaseFull       Status = 0x17
	LargeBlobStorageFull Status = 0x18
	CredentialExcluded   Status = 0x19
	Processing           Status = 0x21
	InvalidCredential    Status = 0x22
	UserActionPending    Status = 0x23
	OperationPending     Status = 0x24
	NoOperations         Status = 0x25
	UnsupportedAlgorithm Status = 0x26
	OperationDenied      Status = 0x27
	KeyStoreFull         Status = 0x28
	UnsupportedOption    Status = 0x2B
	InvalidOption        Status = 0x2C
	KeepAliveCancel      Status = 0x2D
	NoCredentials        Status = 0x2E
	UserActionTimeout    Status = 0x2F
	NotAllowed           Status = 0x30
	PINInvalid           Status = 0x31
	PINBlocked           Status = 0x32
	PINAuthInvalid       Status = 0x33
	PINAuthBlocked       Status = 0x34
	PINNotSet            Status = 0x35
	PUATRequired         Status = 0x36
	PINPolicyViolation   Status = 0x37
	RequestTooLarge      Status = 0x39
	ActionTimeout        Status = 0x3A
	UPRequired           Status = 0x3B
	UVBlocked            Status = 0x3C
	IntegrityFailure     Status = 0x3D
	InvalidSubcommand    Status = 0x3E
	UVInvalid            Status = 0x3F
	UnauthorizedPerm     Status = 0x40
	Other                Status = 0x7F
)

// name returns the status as CTAP 2.3 §8.2 writes it, without its prefix; empty when the package does not know it.
func (s Status) name() string { return statusNames[s] }

// statusNames is never written after the program has started.
var statusNames = map[Status]string{
	OK: "OK", InvalidCommand: "INVALID_COMMAND", InvalidParameter: "INVALID_PARAMETER", InvalidLength: "INVALID_LENGTH",
	InvalidSeq: "INVALID_SEQ", Timeout: "TIMEOUT", ChannelBusy: "CHANNEL_BUSY", LockRequired: "LOCK_REQUIRED",
	InvalidChannel: "INVALID_CHANNEL", UnexpectedType: "CBOR_UNEXPECTED_TYPE", InvalidCBOR: "INVALID_CBOR",
	MissingParameter: "MISSING_PARAMETER", LimitExceeded: "LIMIT_EXCEEDED", FPDatabaseFull: "FP_DATABASE_FULL",
	LargeBlobStorageFull: "LARGE_BLOB_STORAGE_FULL", CredentialExcluded: "CREDENTIAL_EXCLUDED", Processing: "PROCESSING",
	InvalidCredential: "INVALID_CREDENTIAL", UserActionPending: "USER_ACTION_PENDING", OperationPending: "OPERATION_PENDING",
	NoOperations: "NO_OPERATIONS", UnsupportedAlgorithm: "UNSUPPORTED_ALGORITHM", OperationDenied: "OPERATION_DENIED",
	KeyStoreFull: "KEY_STORE_FULL", UnsupportedOption: "UNSUPPORTED_OPTION", InvalidOption: "INVALID_OPTION",
	KeepAliveCancel: "KEEPALIVE_CANCEL", NoCredentials: "NO_CREDENTIALS", UserActionTimeout: "USER_ACTION_TIMEOUT",
	NotAllowed: "NOT_ALLOWED", PINInvalid: "PIN_INVALID", PINBlocked: "PIN_BLOCKED", PINAuthInvalid: "PIN_AUTH_INVALID",
	PINAuthBlocked: "PIN_AUTH_BLOCKED", PINNotSet: "PIN_NOT_SET", PUATRequired: "PUAT_REQUIRED",
	PINPolicyViolation: "PIN_POLICY_VIOLATION", RequestTooLarge: "REQUEST_TOO_LARGE", ActionTimeout: "ACTION_TIMEOUT",
	UPRequired: "UP_REQUIRED", UVBlocked: "UV_BLOCKED", IntegrityFailure: "INTEGRITY_FAILURE",
	InvalidSubcommand: "INVALID_SUBCOMMAND", UVInvalid: "UV_INVALID", UnauthorizedPerm: "UNAUTHORIZED_PERMISSION",
	Other: "OTHER",
}

// String returns the name of CTAP 2.3 §8.2 without its prefix, and the byte: "NO_CREDENTIALS (0x2e)".
func (s Status) String() string {
	if name := s.name(); name != "" {
		return fmt.Sprintf("%s (0x%02x)", name, byte(s))
	}
	return fmt.Sprintf("unknown status 0x%02x", byte(s))
}

// Error makes Status an error; OK is never returned as one.
func (s Status) Error() string { return "CTAP2 status " + s.String() }
