// Package tpmstore keeps private keys in a TPM 2.0: a simulator in this process, a software TPM in another, or the chip on
// the board. It is a keystore.KeyStore and a keystore.Certifier, and no keystore.Exporter: a key is made inside the TPM and
// comes out only encrypted for it.
//
//	store, err := tpmstore.Open(ctx, tpmstore.Simulator{StateFile: "phone.tpm", Secret: secret}, tpmstore.Config{})
//	...
//	defer store.Close()
//	handle, key, err := store.Create(ctx, cose.ES256)   // keep handle with the credential
//	signature, err := store.Sign(ctx, handle, message)
//
// # What lives where
//
//   - In the TPM: its seed, from which it derives the storage root key (the ECC one that the TCG's provisioning guidance
//     describes) and the attestation key, the same two each time. Nothing else is ever stored there, so neither the number
//     of credentials nor their loss costs it anything.
//   - With the credential: the handle, which is the key itself, wrapped by the storage root key. About 260 bytes for ES256;
//     1060 for RSA. It loads again after a restart, in the same TPM. Secrets for hmac-secret are kept just so.
//   - In this process: up to three loaded objects (root, attestation key, the key used last), the keys made ahead, and the
//     hashes of deleted handles. Three is what common TPMs hold; TPM_PT_HR_TRANSIENT_MIN of both software TPMs says so.
//
// All keys have the attributes fixedTPM, fixedParent and sensitiveDataOrigin, and a certification by TPM2_Certify covers
// them: a relying party sees that the key cannot be exported or duplicated, and was not imported.
//
// # Threat model
//
// Whoever has the handles, but not the TPM and its state, can do nothing with them, and whoever may talk to the TPM can use
// the keys whose handles he has while he may, but never take one away. The two software TPMs keep that promise against
// people with the files, not against those who can read the memory of the processes, and the bus to a chip is not guarded.
//
// # Backends
//
//   - Simulator: the Microsoft reference implementation as packaged by go-tpm-tools, in C. It needs cgo to build, with gcc,
//     libc6-dev and libssl-dev, and libssl3 to run. The fastest; there can be one in a process.
//   - Swtpm: the program swtpm, started and ended by the store. As many as one likes.
//   - Socket: a swtpm, or another TPM with a plain socket, that somebody else runs.
//   - Device: /dev/tpmrm0.
//   - Transport: any transport.TPM of go-tpm.
//
// Simulator and Swtpm keep their state, encrypted with a secret of the caller's, between runs when given a place for it. The
// simulator's whole nonvolatile memory is kept rather than an imported storage key: an imported key, and with it all below
// it, cannot be fixedTPM, and then a certification would say truly that the keys may leave.
//
// # What is lost when
//
//   - The process is killed: keys made ahead, and those whose handle nobody has stored yet. Nothing stays behind in the TPM,
//     or it is flushed by the next who connects.
//   - The TPM is reset, loses power, or its process dies: nothing. The store notices with the next transaction, brings the
//     TPM back and runs that transaction again.
//   - The simulator falls into failure mode: nothing. It is built up from the memory that it had when it was opened.
//   - All places in the TPM are taken: nothing. Where the TPM is ours, leaked objects are flushed; where others use it, the
//     transaction fails with the TPM's TPM_RC_OBJECT_MEMORY.
//   - A handle is damaged: that key. It fails with keystore.ErrUnknownHandle, as one of another TPM does.
//   - The state file is lost, its secret forgotten, or the TPM cleared: all keys, as with a real TPM.
//   - A handle is deleted: the key, when all copies of the handle are gone; a TPM cannot forget what it does not store. The
//     store that deleted it refuses it, the next one would not.
//
// # Cost
//
// An assertion is TPM2_Sign, and TPM2_Load before it unless the same key signed last. With a P-256 key TPM2_Sign takes about
// 270 µs in both software TPMs, TPM2_Load 5 µs in the simulator and 23 µs in swtpm, with the way there. So the second of two
// keys in turn costs 1.09 times TPM2_Sign in the simulator and 1.12 times in swtpm, the same key again 1.05 times; a busy machine
// adds to each way to swtpm. The other ways to have a key at hand are worse. TPM2_ContextLoad takes 77 µs and 48 µs, more than
// TPM2_Load, since a saved context is encrypted as a whole. Persistent keys need no loading, but there is room for 7 in the
// simulator, each change writes memory that wears out in a chip, and takes 400 to 550 µs in swtpm.
//
// # Concurrency
//
// One goroutine owns the TPM. What it does for one call is a whole transaction, such as load, sign; calls queue for it in
// no particular order, and a cancelled context takes a call out of the queue. A command that the TPM runs is always
// finished.
package tpmstore
