// A site on fido2-lib, used as its documentation does.
import { Fido2Lib } from 'fido2-lib';
import { account, add, known, once, origin, owned, serve } from './site.mjs';

const lib = new Fido2Lib({ rpId: 'localhost', rpName: 'Trial', cryptoParams: [-7, -257], authenticatorUserVerification: 'preferred' });
const text = buffer => Buffer.from(buffer).toString('base64url');
const bytes = value => Uint8Array.from(Buffer.from(value, 'base64url')).buffer;
// It wants ids as bytes; what is no text is handed to it as it is, to judge.
const withBytes = ({ id, rawId, ...rest }) => ({ ...rest, id: typeof id === 'string' ? bytes(id) : id, rawId: typeof rawId === 'string' ? bytes(rawId) : rawId });

serve({
  async '/register/options'({ username }, session, store) {
    const user = account(store, username);
    const options = await lib.attestationOptions();
    const challenge = text(options.challenge);
    session.register = { challenge, user };
    return {
      ...options, challenge, user: { id: user.id, name: username, displayName: username },
      excludeCredentials: user.credentials.map(id => ({ type: 'public-key', id })),
    };
  },
  async '/register'(credential, session, store) {
    const { challenge, user } = once(session, 'register');
    const result = await lib.attestationResult(withBytes(credential), { challenge, origin, factor: 'either' });
    add(store, user, {
      id: text(result.authnrData.get('credId')), publicKey: result.authnrData.get('credentialPublicKeyPem'), counter: result.authnrData.get('counter'),
    });
    return { message: 'registered' };
  },
  async '/login/options'({ username }, session, store) {
    const user = username === undefined ? undefined : known(store, username);
    const options = await lib.assertionOptions();
    const challenge = text(options.challenge);
    session.login = { challenge, user };
    return { ...options, challenge, allowCredentials: (user?.credentials ?? []).map(id => ({ type: 'public-key', id })) };
  },
  async '/login'(credential, session, store) {
    const { challenge, user } = once(session, 'login');
    const stored = owned(store, credential.id, user);
    const result = await lib.assertionResult(withBytes(credential), {
      challenge, origin, factor: 'either', publicKey: stored.publicKey, prevCounter: stored.counter, userHandle: stored.user.id,
      allowCredentials: stored.user.credentials.map(id => ({ type: 'public-key', id: bytes(id) })),
    });
    stored.counter = result.authnrData.get('counter');
    return { message: 'signed in' };
  },
});
