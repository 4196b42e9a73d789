// A module of its own, so that nobody who uses passkeylab downloads the software that it is compared with.
module github.com/passkeylab/passkeylab/deploy/bench

go 1.26.8

require (
	github.com/descope/virtualwebauthn v1.0.5
	github.com/passkeylab/passkeylab v0.0.0
)

require (
	filippo.io/mldsa v1.0.0 // indirect
	github.com/cloudflare/circl v1.6.5 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/fxamacker/cbor/v2 v2.10.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/passkeylab/passkeylab => ../..
