// A site on @passwordless-id/webauthn, used as its documentation does: what it returns of a registration is stored and handed
// to it at sign-in.
import { server } from '@passwordless-id/webauthn';
import { account, add, known, once, origin, owned, serve } from './site.mjs';

serve({
  '/register/options'({ username }, session, store) {
    const user = account(store, username);
    const challenge = server.randomChallenge();
    session.register = { challenge, user };
    return {
      challenge, rp: { id: 'localhost', name: 'Trial' }, user: { id: user.id, name: username, displayName: username },
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }, { type: 'public-key', alg: -257 }],
      excludeCredentials: user.credentials.map(id => ({ type: 'public-key', id })),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    };
  },
  async '/register'({ registration }, session, store) {
    const { challenge, user } = once(session, 'register');
    const info = await server.verifyRegistration(registration, { challenge, origin });
    add(store, user, { ...info.credential, counter: info.authenticator.counter });
    return { welcome: info.user.name };
  },
  '/login/options'({ username }, session, store) {
    const user = username === undefined ? undefined : known(store, username);
    const challenge = server.randomChallenge();
    session.login = { challenge, user };
    return { challenge, rpId: 'localhost', userVerification: 'preferred', allowCredentials: (user?.credentials ?? []).map(id => ({ type: 'public-key', id })) };
  },
  async '/login'({ authentication }, session, store) {
    const { challenge, user } = once(session, 'login');
    const stored = owned(store, authentication.id, user);
    const info = await server.verifyAuthentication(authentication, stored, { challenge, origin, userVerified: false, counter: stored.counter });
    stored.counter = info.counter;
    return { welcome: stored.user.name };
  },
});
