package tpmstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/passkeylab/passkeylab/virtualauth/cose"
	"github.com/passkeylab/passkeylab/virtualauth/keystore"
)

// machine is a TPM as its owner goroutine sees it, with the three objects that it keeps loaded. Common TPMs hold three and
// no more, and creating a key needs a free place meanwhile:
//
//	root      the storage root key, always
//	attester  the attestation key, once somebody asked for it
//	current   the key used last; it makes room for another and for creating one
//	former    while there is no attester, the key used before, until the transaction has been answered
//
// Whatever is loaded is in one of these fields, so nothing can leak: a failed transaction leaves at most two keys.
type machine struct {
	link link
	// alive is false while the TPM must be brought back before the next transaction.
	alive bool
	// broken says that the link, or the TPM as a whole, failed since it was opened.
	broken bool
	// attestation is the algorithm of the attestation key.
	attestation cose.Algorithm

	root, attester, current, former object
	currentHandle                   keystore.Handle
	// parent is the digest in the root's name.
	parent [sha256.Size]byte
}

// object is a loaded object; the zero object is none.
type object struct {
	handle tpm2.TPMHandle
	name   tpm2.TPM2BName
}

// auth names the object in a command. Keys have no password: having the handle is what it takes.
func (o object) auth() tpm2.AuthHandle {
	return tpm2.AuthHandle{Handle: o.handle, Name: o.name, Auth: tpm2.PasswordAuth(nil)}
}

// Send makes machine a transport.TPM that remembers whether the link broke.
func (m *machine) Send(command []byte) ([]byte, error) {
	response, err := m.link.Send(command)
	if err != nil {
		m.broken = true
	}
	return response, err
}

// transact runs a job as one transaction: nothing else happens in the TPM meanwhile. A job that failed because the TPM was
// reset, failed or is full runs once more after the TPM was brought back. Jobs must bear to be run again.
func (m *machine) transact(ctx context.Context, job func(*machine) error) (err error) {
	for range 2 {
		if err = m.attempt(ctx, job); !m.lost(err) {
			return err
		}
		m.alive = false
	}
	return err
}

// attempt runs a job, after bringing the TPM back if that is necessary.
func (m *machine) attempt(ctx context.Context, job func(*machine) error) error {
	if !m.alive {
		if err := m.revive(ctx); err != nil {
			return fmt.Errorf("bring the TPM back: %w", err)
		}
	}
	return job(m)
}

// lost reports whether err means that what was loaded is gone, that there is no room, or that the TPM does not answer.
func (m *machine) lost(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, tpm2.TPMRCFailure) {
		m.broken = true
	}
	var code tpm2.TPMRC
	if m.broken || !errors.As(err, &code) {
		return m.broken
	}
	return code.IsWarning() || errors.Is(code, tpm2.TPMRCInitialize) || errors.Is(code, tpm2.TPMRCHandle) || namesHandle(code)
}

// namesHandle reports whether a response code blames one of the handles of a command. Codes that blame nothing count as
// "handle 0" in go-tpm.
func namesHandle(code tpm2.TPMRC) bool {
	var detail tpm2.TPMFmt1Error
	if !errors.As(code, &detail) {
		return false
	}
	blamed, index := detail.Handle()
	return blamed && index > 0
}

// revive makes the TPM ready for transactions, whatever state it is in.
func (m *machine) revive(ctx context.Context) error {
	if m.broken {
		if err := m.link.reopen(ctx); err != nil {
			return err
		}
		m.broken = false
	}
	m.unload()
	if err := m.begin(); err != nil {
		return err
	}
	m.alive, m.broken = true, false
	return nil
}

// begin starts the TPM up and makes the storage root key, which is the same each time while the TPM keeps its seed.
func (m *machine) begin() error {
	if err := startUp(m); err != nil {
		return err
	}
	if m.link.exclusive() {
		if err := sweep(m); err != nil {
			return err
		}
	}
	root, err := m.primary(tpm2.New2B(tpm2.ECCSRKTemplate))
	if err != nil {
		return fmt.Errorf("make the storage root key: %w", err)
	}
	m.root = root
	copy(m.parent[:], root.name.Buffer[2:]) // two bytes of algorithm, then the digest
	return nil
}

// primary makes a primary key under the owner hierarchy.
func (m *machine) primary(template tpm2.TPM2BPublic) (object, error) {
	response, err := tpm2.CreatePrimary{
		PrimaryHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
		InPublic:      template,
	}.Execute(m)
	if err != nil {
		return object{}, err
	}
	if len(response.Name.Buffer) != 2+sha256.Size {
		return object{}, fmt.Errorf("a name of %d bytes, want %d", len(response.Name.Buffer), 2+sha256.Size)
	}
	return object{response.ObjectHandle, response.Name}, nil
}

// unload flushes all objects as far as the TPM still has them.
func (m *machine) unload() {
	for _, o := range []*object{&m.former, &m.current, &m.attester, &m.root} {
		_ = m.flush(o) // after a reset there is nothing to flush, and that is all right
		*o = object{}
	}
}

// flush unloads an object, if it is loaded. When it fails the object stays in its place, lest it be forgotten.
func (m *machine) flush(o *object) error {
	if o.handle == 0 {
		return nil
	}
	command := binary.BigEndian.AppendUint32(newCommand(tpm2.TPMSTNoSessions, tpm2.TPMCCFlushContext), uint32(o.handle))
	_, err := m.execute(command)
	if err == nil {
		*o = object{}
	}
	return err
}

// clear flushes all keys that are neither the root nor the attestation key.
func (m *machine) clear() error { return errors.Join(m.flush(&m.former), m.flush(&m.current)) }

// stepAside makes room for another key. While there is a third place the current key keeps its own until tidy, so that nobody
// has to wait for its flushing.
func (m *machine) stepAside() error {
	if m.attester.handle != 0 || m.former.handle != 0 {
		return m.clear()
	}
	m.former, m.current = m.current, object{}
	return nil
}

// tidy does what can wait until a transaction has been answered. What fails here is done again by the next one that needs the
// place.
func (m *machine) tidy() { _ = m.flush(&m.former) }

// create makes a key under the root. The other keys make room for the work.
func (m *machine) create(algorithm cose.Algorithm) (wrapped, error) {
	if err := m.clear(); err != nil {
		return wrapped{}, err
	}
	r := recipes[algorithm]
	response, err := tpm2.Create{ParentHandle: m.root.auth(), InPublic: tpm2.New2B(r.template)}.Execute(m)
	if err != nil {
		return wrapped{}, err
	}
	w := wrapped{
		algorithm: algorithm, parent: m.parent,
		public: response.OutPublic.Bytes(), private: response.OutPrivate.Buffer,
	}
	var ok bool
	if w.parts, ok = r.split(w.public); !ok {
		return wrapped{}, errors.New("the TPM made another kind of key than it was asked for")
	}
	return w, nil
}

// load makes a key the current one. It fails with keystore.ErrUnknownHandle when the TPM did not make it.
func (m *machine) load(handle keystore.Handle, w wrapped) error {
	if m.current.handle != 0 && bytes.Equal(m.currentHandle, handle) {
		return nil
	}
	if w.parent != m.parent {
		return fmt.Errorf("%w: it belongs to another TPM", keystore.ErrUnknownHandle)
	}
	if err := m.stepAside(); err != nil {
		return err
	}
	command := newAuthorised(tpm2.TPMCCLoad, m.root.handle)
	response, err := m.execute(appendSized(appendSized(command, w.private), w.public))
	if err != nil {
		if m.refused(err) {
			return fmt.Errorf("%w: the TPM refuses it: %w", keystore.ErrUnknownHandle, err)
		}
		return err
	}
	loaded, err := readLoaded(response)
	if err != nil {
		return err
	}
	m.current, m.currentHandle = loaded, bytes.Clone(handle)
	return nil
}

// refused reports whether err is the TPM's judgement on the wrapped key that it was given to load.
func (m *machine) refused(err error) bool {
	var detail tpm2.TPMFmt1Error
	return !m.lost(err) && (errors.As(err, &detail) || errors.Is(err, tpm2.TPMRCSensitive))
}

// noTicket is a TPMT_TK_HASHCHECK that says that the digest was made outside: its tag, TPM_RH_NULL, and an empty digest.
const noTicket = "\x80\x24\x40\x00\x00\x07\x00\x00"

// sign signs a digest with the current key, by the scheme that is part of it, and returns a TPMT_SIGNATURE.
func (m *machine) sign(digest []byte) ([]byte, error) {
	command := appendSized(newAuthorised(tpm2.TPMCCSign, m.current.handle), digest)
	command = binary.BigEndian.AppendUint16(command, uint16(tpm2.TPMAlgNull)) // no other scheme than the key's
	response, err := m.execute(append(command, noTicket...))
	if err != nil {
		return nil, err
	}
	return readParameters(response)
}
