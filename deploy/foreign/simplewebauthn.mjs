// A site on @simplewebauthn/server, used as its documentation does.
import {
  generateAuthenticationOptions, generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { account, add, known, once, origin, owned, serve } from './site.mjs';

const expected = { expectedOrigin: origin, expectedRPID: 'localhost', requireUserVerification: false };

serve({
  async '/register/options'({ username, attestation }, session, store) {
    const user = account(store, username);
    const options = await generateRegistrationOptions({
      rpName: 'Trial', rpID: 'localhost', userName: username, userID: new Uint8Array(Buffer.from(user.id)), attestationType: attestation,
      excludeCredentials: user.credentials.map(id => ({ id })),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    });
    session.register = { challenge: options.challenge, user };
    return options;
  },
  async '/register'({ credential }, session, store) {
    const { challenge, user } = once(session, 'register');
    const { verified, registrationInfo } = await verifyRegistrationResponse({ response: credential, expectedChallenge: challenge, ...expected });
    if (verified) add(store, user, registrationInfo.credential);
    return { verified };
  },
  async '/login/options'({ username }, session, store) {
    const user = username === undefined ? undefined : known(store, username);
    const options = await generateAuthenticationOptions({
      rpID: 'localhost', userVerification: 'preferred', allowCredentials: user?.credentials.map(id => ({ id })),
    });
    session.login = { challenge: options.challenge, user };
    return options;
  },
  async '/login'({ credential }, session, store) {
    const { challenge, user } = once(session, 'login');
    const stored = owned(store, credential.id, user);
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: credential, expectedChallenge: challenge, credential: stored, ...expected,
    });
    if (verified) stored.counter = authenticationInfo.newCounter;
    return { verified };
  },
});
