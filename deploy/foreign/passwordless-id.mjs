// A site on @passwordless-id/webauthn, used as its documentation does: what it returns of a registration is stored and handed
// to it at sign-in.
import { server } from '@passwordless-id/webauthn';
import { account, add, handled, known, once, origin, owned, serve, wish } from './site.mjs';

const descriptors = ids => ids.map(id => ({ type: 'public-key', id }));
const expected = { origin, domain: 'localhost' };

serve({
  '/register/options'({ username, displayName, attestation, authenticatorSelection: asked = {} }, session, store) {
    const user = account(store, username);
    const challenge = server.randomChallenge();
    const userVerification = wish(asked.userVerification, 'preferred', 'required', 'discouraged');
    const residentKey = asked.requireResidentKey ? 'required' : wish(asked.residentKey, 'preferred', 'required', 'discouraged');
    session.register = { challenge, user, userVerified: userVerification === 'required' };
    return {
      challenge, rp: { id: 'localhost', name: 'Trial' }, user: { id: user.id, name: username, displayName: displayName ?? username },
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }, { type: 'public-key', alg: -257 }],
      excludeCredentials: descriptors(user.credentials), attestation: wish(attestation, 'none', 'direct'),
      authenticatorSelection: {
        residentKey, requireResidentKey: residentKey === 'required', userVerification,
        authenticatorAttachment: wish(asked.authenticatorAttachment, undefined, 'platform', 'cross-platform'),
      },
    };
  },
  async '/register'({ registration }, session, store) {
    const { challenge, user, userVerified } = once(session, 'register');
    const info = await server.verifyRegistration(registration, { challenge, userVerified, ...expected });
    add(store, user, { ...info.credential, counter: info.authenticator.counter });
    return { welcome: info.user.name };
  },
  '/login/options'({ username, userVerification: asked }, session, store) {
    const user = known(store, username);
    const listed = [...(user?.credentials ?? [])];
    const challenge = server.randomChallenge();
    const userVerification = wish(asked, 'preferred', 'required', 'discouraged');
    session.login = { challenge, user, listed, userVerified: userVerification === 'required' };
    return { challenge, rpId: 'localhost', userVerification, allowCredentials: descriptors(listed) };
  },
  async '/login'({ authentication }, session, store) {
    const ceremony = once(session, 'login');
    const stored = owned(store, authentication.id, ceremony);
    handled(authentication.response?.userHandle, stored, ceremony);
    const info = await server.verifyAuthentication(authentication, stored, {
      challenge: ceremony.challenge, userVerified: ceremony.userVerified, counter: stored.counter, ...expected,
    });
    stored.counter = info.counter;
    return { welcome: stored.user.name };
  },
});
