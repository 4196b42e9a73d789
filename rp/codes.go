package rp

import "net/http"

// Code names one refusal of the relying party, or one failure that the page reported, in words that never
// change: pages, locales, tests and the audit log all speak of it by this string.
type Code string

// The codes. Those that begin with "ceremony." concern one WebAuthn ceremony, "policy." an administrator's
// decision, "signin." and "auth." the way in, "client." what the browser said, "rp." this server.
const (
	CodeNotAllowed          Code = "ceremony.not_allowed"
	CodeAlreadyRegistered   Code = "ceremony.already_registered"
	CodeAborted             Code = "ceremony.aborted"
	CodeChallengeExpired    Code = "ceremony.challenge_expired"
	CodeChallengeUsed       Code = "ceremony.challenge_used"
	CodeVerificationFailed  Code = "ceremony.verification_failed"
	CodeAttestationInvalid  Code = "ceremony.attestation_invalid"
	CodeUVRequired          Code = "ceremony.uv_required"
	CodeAlgNotAllowed       Code = "ceremony.alg_not_allowed"
	CodeSavedNotRegistered  Code = "ceremony.saved_not_registered"
	CodeDuplicateCredential Code = "store.duplicate_credential"

	CodeProviderNotAllowed    Code = "policy.provider_not_allowed"
	CodeSyncedNotAllowed      Code = "policy.synced_not_allowed"
	CodeAttestationRequired   Code = "policy.attestation_required"
	CodeLimitReached          Code = "policy.limit_reached"
	CodeMethodDisabled        Code = "policy.method_disabled"
	CodeUserExcluded          Code = "policy.user_excluded"
	CodeSelfServiceOff        Code = "policy.self_service_off"
	CodeAttestationBlocksFlow Code = "policy.attestation_blocks_flow"
	CodeGuest                 Code = "policy.guest"
	CodeLastMethod            Code = "policy.last_method"

	CodeSessionExpired   Code = "auth.session_expired"
	CodeProofStale       Code = "auth.proof_stale"
	CodeWrongCode        Code = "auth.wrong_code"
	CodeCodeUsed         Code = "auth.code_used"
	CodeLocked           Code = "auth.locked"
	CodeWrongCredentials Code = "auth.wrong_credentials"
	CodePassNotYetValid  Code = "auth.pass_not_yet_valid"
	CodePassExpired      Code = "auth.pass_expired"
	CodePassUsed         Code = "auth.pass_used"
	CodeMethodTooWeak    Code = "auth.method_too_weak"

	CodeRunSuperseded Code = "wizard.run_superseded"

	CodeUnsupported        Code = "client.unsupported"
	CodeSecurityError      Code = "client.security_error"
	CodeConstraint         Code = "client.constraint"
	CodeNotSupported       Code = "client.not_supported"
	CodeInvalidOptions     Code = "client.invalid_options"
	CodeUnknownClientError Code = "client.unknown_error"
	CodeNetwork            Code = "client.network"

	CodeUnavailable Code = "rp.unavailable"
	CodeRateLimited Code = "rp.rate_limited"

	CodeSignInUnknown Code = "signin.unknown_credential"
	CodeSignInStray   Code = "signin.stray"
	CodeSignInBlocked Code = "signin.blocked"
	CodeSignInFailed  Code = "signin.failed"
)

// Stray says whether a passkey may be left on the person's device after a refusal.
type Stray string

// The answers to "is a passkey left on the device?".
const (
	StrayNo       Stray = "no"
	StrayPossible Stray = "possible"
	StrayYes      Stray = "yes"
	StrayUnknown  Stray = "unknown"
)

// CodeInfo is what one code means everywhere: the screen that explains it, the HTTP status of a JSON answer
// that carries it, and whether a passkey may be left on the device.
type CodeInfo struct {
	Screen Screen
	Status int
	Stray  Stray
}

// codeTable is the whole of it; Codes walks it, and a test holds every Code constant against it.
var codeTable = map[Code]CodeInfo{
	CodeNotAllowed:          {E1, http.StatusOK, StrayPossible},
	CodeAlreadyRegistered:   {E3, http.StatusOK, StrayNo},
	CodeAborted:             {S7, http.StatusOK, StrayPossible},
	CodeChallengeExpired:    {E7, http.StatusGone, StrayYes},
	CodeChallengeUsed:       {E7, http.StatusConflict, StrayYes},
	CodeVerificationFailed:  {E10, http.StatusUnprocessableEntity, StrayYes},
	CodeAttestationInvalid:  {E10, http.StatusUnprocessableEntity, StrayYes},
	CodeUVRequired:          {E10, http.StatusUnprocessableEntity, StrayYes},
	CodeAlgNotAllowed:       {E10, http.StatusUnprocessableEntity, StrayYes},
	CodeSavedNotRegistered:  {E12, http.StatusOK, StrayYes},
	CodeDuplicateCredential: {E3, http.StatusConflict, StrayNo},

	CodeProviderNotAllowed:    {E2, http.StatusForbidden, StrayYes},
	CodeSyncedNotAllowed:      {E2b, http.StatusForbidden, StrayYes},
	CodeAttestationRequired:   {E10, http.StatusUnprocessableEntity, StrayYes},
	CodeLimitReached:          {E4, http.StatusConflict, StrayNo},
	CodeMethodDisabled:        {E5a, http.StatusForbidden, StrayNo},
	CodeUserExcluded:          {E5a, http.StatusForbidden, StrayNo},
	CodeSelfServiceOff:        {E5b, http.StatusForbidden, StrayNo},
	CodeAttestationBlocksFlow: {E5c, http.StatusForbidden, StrayNo},
	CodeGuest:                 {E5d, http.StatusForbidden, StrayNo},
	CodeLastMethod:            {S0, http.StatusConflict, StrayNo},

	CodeSessionExpired:   {E6, http.StatusUnauthorized, StrayNo},
	CodeProofStale:       {E6, http.StatusUnauthorized, StrayNo},
	CodeWrongCode:        {S2a, http.StatusUnprocessableEntity, StrayNo},
	CodeCodeUsed:         {S2a, http.StatusUnprocessableEntity, StrayNo},
	CodeLocked:           {S2a, http.StatusTooManyRequests, StrayNo},
	CodeWrongCredentials: {SignIn, http.StatusUnprocessableEntity, StrayNo},
	CodePassNotYetValid:  {S2a, http.StatusUnprocessableEntity, StrayNo},
	CodePassExpired:      {S2a, http.StatusUnprocessableEntity, StrayNo},
	CodePassUsed:         {S2a, http.StatusUnprocessableEntity, StrayNo},
	CodeMethodTooWeak:    {S2a, http.StatusForbidden, StrayNo},

	CodeRunSuperseded: {E7, http.StatusConflict, StrayPossible},

	CodeUnsupported:        {E8, http.StatusOK, StrayNo},
	CodeSecurityError:      {E8, http.StatusOK, StrayNo},
	CodeConstraint:         {E8, http.StatusOK, StrayNo},
	CodeNotSupported:       {E8, http.StatusOK, StrayNo},
	CodeInvalidOptions:     {E8, http.StatusOK, StrayNo},
	CodeUnknownClientError: {E8, http.StatusOK, StrayNo},
	CodeNetwork:            {E9, http.StatusOK, StrayUnknown},

	CodeUnavailable: {E9, http.StatusServiceUnavailable, StrayUnknown},
	CodeRateLimited: {E11, http.StatusTooManyRequests, StrayNo},

	CodeSignInUnknown: {SIUnknown, http.StatusNotFound, StrayYes},
	CodeSignInStray:   {SIStray, http.StatusForbidden, StrayYes},
	CodeSignInBlocked: {SIBlocked, http.StatusForbidden, StrayNo},
	CodeSignInFailed:  {SIFailed, http.StatusUnprocessableEntity, StrayNo},
}

// Info returns what the code means; an unknown code is treated like a failed verification, the answer that
// tells an attacker least.
func (c Code) Info() CodeInfo {
	if info, ok := codeTable[c]; ok {
		return info
	}
	return codeTable[CodeVerificationFailed]
}

// Screen returns the screen that explains the code.
func (c Code) Screen() Screen { return c.Info().Screen }

// Status returns the HTTP status of an answer that carries the code.
func (c Code) Status() int { return c.Info().Status }

// Codes returns every code that this relying party can answer with, in no particular order.
func Codes() []Code {
	codes := make([]Code, 0, len(codeTable))
	for code := range codeTable {
		codes = append(codes, code)
	}
	return codes
}

// ClientErrorCode maps the name of the DOMException that ended navigator.credentials.create(), or one of the
// page's own words ("timer" when its timer ran out, "network" when no answer came to verify), to a code.
// WebAuthn L3 §5.1.3 and §14.5.1: by design the page learns almost nothing but NotAllowedError.
func ClientErrorCode(name string) Code {
	switch name {
	case "NotAllowedError", "TimeoutError", ClientErrorTimer:
		return CodeNotAllowed
	case "InvalidStateError":
		return CodeAlreadyRegistered
	case "AbortError":
		return CodeAborted
	case "SecurityError":
		return CodeSecurityError
	case "NotSupportedError":
		return CodeNotSupported
	case "ConstraintError":
		return CodeConstraint
	case "TypeError":
		return CodeInvalidOptions
	case ClientErrorNetwork:
		return CodeNetwork
	case ClientErrorUnsupported:
		return CodeUnsupported
	default:
		return CodeUnknownClientError
	}
}

// The names a page reports that are not DOMExceptions.
const (
	// ClientErrorTimer is reported when the page's own timer (timeout plus five seconds) ran out.
	ClientErrorTimer = "timer"
	// ClientErrorNetwork is reported when verify was sent and no answer came: the outcome is unknown.
	ClientErrorNetwork = "network"
	// ClientErrorUnsupported is reported when the browser has no PublicKeyCredential.
	ClientErrorUnsupported = "unsupported"
)
