// A site on fido2-lib, used as its documentation does.
import { Fido2Lib } from 'fido2-lib';
import { account, add, known, once, origin, owned, serve, wish } from './site.mjs';

// What options ask for is a matter of the instance, so that there is one for each wish.
const instances = new Map();
function library(attestation, authenticatorUserVerification, authenticatorRequireResidentKey, authenticatorAttachment) {
  const key = [attestation, authenticatorUserVerification, authenticatorRequireResidentKey, authenticatorAttachment].join();
  if (!instances.has(key)) {
    instances.set(key, new Fido2Lib({
      rpId: 'localhost', rpName: 'Trial', cryptoParams: [-7, -257], attestation, authenticatorUserVerification, authenticatorRequireResidentKey, authenticatorAttachment,
    }));
  }
  return instances.get(key);
}

const text = buffer => Buffer.from(buffer).toString('base64url');
const bytes = value => Uint8Array.from(Buffer.from(value, 'base64url')).buffer;
// It wants ids as bytes; what is no text is handed to it as it is, to judge.
const withBytes = ({ id, rawId, ...rest }) => ({ ...rest, id: typeof id === 'string' ? bytes(id) : id, rawId: typeof rawId === 'string' ? bytes(rawId) : rawId });
// What it calls first is a factor that verifies the user; either is one that may.
const factor = userVerification => (userVerification === 'required' ? 'first' : 'either');
const descriptors = ids => ids.map(id => ({ type: 'public-key', id }));

serve({
  async '/register/options'({ username, displayName, attestation, authenticatorSelection: asked = {} }, session, store) {
    const user = account(store, username);
    const userVerification = wish(asked.userVerification, 'preferred', 'required', 'discouraged');
    const lib = library(
      wish(attestation, 'none', 'direct', 'indirect'), userVerification, asked.requireResidentKey === true || asked.residentKey === 'required',
      wish(asked.authenticatorAttachment, undefined, 'platform', 'cross-platform'),
    );
    const options = await lib.attestationOptions();
    const challenge = text(options.challenge);
    session.register = { challenge, user, lib, factor: factor(userVerification) };
    return { ...options, challenge, user: { id: user.id, name: username, displayName: displayName ?? username }, excludeCredentials: descriptors(user.credentials) };
  },
  async '/register'(credential, session, store) {
    const { challenge, user, lib, factor } = once(session, 'register');
    const result = await lib.attestationResult(withBytes(credential), { challenge, origin, rpId: 'localhost', factor });
    add(store, user, {
      id: text(result.authnrData.get('credId')), publicKey: result.authnrData.get('credentialPublicKeyPem'), counter: result.authnrData.get('counter'),
    });
    return { message: 'registered' };
  },
  async '/login/options'({ username, userVerification: asked }, session, store) {
    const user = known(store, username);
    const listed = [...(user?.credentials ?? [])];
    const userVerification = wish(asked, 'preferred', 'required', 'discouraged');
    const lib = library('none', userVerification, false);
    const options = await lib.assertionOptions();
    const challenge = text(options.challenge);
    session.login = { challenge, user, lib, listed, factor: factor(userVerification) };
    return { ...options, challenge, allowCredentials: descriptors(listed) };
  },
  async '/login'(credential, session, store) {
    const { challenge, user, lib, listed, factor } = once(session, 'login');
    const stored = owned(store, credential.id, { user });
    const result = await lib.assertionResult(withBytes(credential), {
      challenge, origin, rpId: 'localhost', factor, publicKey: stored.publicKey, prevCounter: stored.counter, userHandle: stored.user.id,
      ...(listed.length > 0 && { allowCredentials: listed.map(id => ({ type: 'public-key', id: bytes(id) })) }),
    });
    stored.counter = result.authnrData.get('counter');
    return { message: 'signed in' };
  },
});
