// A site on @simplewebauthn/server, used as its documentation does. The pages below /framed may be framed by one other site, which
// verification takes for sign-ins.
import { readFileSync } from 'node:fs';
import {
  SettingsService, generateAuthenticationOptions, generateRegistrationOptions, verifyAuthenticationResponse, verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { account, add, handled, known, once, origin, owned, serve, wish } from './site.mjs';

// The roots that attestation must lead to, where it has certificates.
const root = readFileSync(`${process.env.TRUST}/attestation-root.pem`, 'utf8');
for (const identifier of ['android-key', 'android-safetynet', 'apple', 'fido-u2f', 'packed', 'tpm']) {
  SettingsService.setRootCertificates({ identifier, certificates: [root] });
}

const supportedAlgorithmIDs = [-8, -7, -257];
const expected = { expectedOrigin: origin, expectedRPID: 'localhost' };

const site = (prefix, framing) => ({
  async [`${prefix}/register/options`]({ username, displayName, attestation, authenticatorSelection = {}, extensions }, session, store) {
    const user = account(store, username);
    const userVerification = wish(authenticatorSelection.userVerification, 'preferred', 'required', 'discouraged');
    const residentKey = authenticatorSelection.requireResidentKey ? 'required' : wish(authenticatorSelection.residentKey, 'preferred', 'required', 'discouraged');
    const options = await generateRegistrationOptions({
      rpName: 'Trial', rpID: 'localhost', userName: username, userDisplayName: displayName, userID: new Uint8Array(Buffer.from(user.id, 'base64url')),
      attestationType: wish(attestation, 'none', 'direct', 'enterprise'), supportedAlgorithmIDs, extensions,
      excludeCredentials: user.credentials.map(id => ({ id })),
      authenticatorSelection: { residentKey, userVerification, authenticatorAttachment: wish(authenticatorSelection.authenticatorAttachment, undefined, 'platform', 'cross-platform') },
    });
    session.register = { challenge: options.challenge, user, requireUserVerification: userVerification === 'required' };
    return options;
  },
  async [`${prefix}/register`]({ credential }, session, store) {
    const { challenge, user, requireUserVerification } = once(session, 'register');
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: credential, expectedChallenge: challenge, requireUserVerification, supportedAlgorithmIDs, ...expected,
    });
    if (verified) add(store, user, registrationInfo.credential);
    return { verified };
  },
  async [`${prefix}/login/options`]({ username, userVerification: asked, extensions }, session, store) {
    const user = known(store, username);
    const listed = [...(user?.credentials ?? [])];
    const userVerification = wish(asked, 'preferred', 'required', 'discouraged');
    const options = await generateAuthenticationOptions({ rpID: 'localhost', userVerification, extensions, allowCredentials: listed.map(id => ({ id })) });
    session.login = { challenge: options.challenge, user, listed, requireUserVerification: userVerification === 'required' };
    return options;
  },
  async [`${prefix}/login`]({ credential }, session, store) {
    const ceremony = once(session, 'login');
    const stored = owned(store, credential.id, ceremony);
    handled(credential.response?.userHandle, stored, ceremony);
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: credential, expectedChallenge: ceremony.challenge, credential: stored, requireUserVerification: ceremony.requireUserVerification,
      ...expected, ...framing,
    });
    if (verified) stored.counter = authenticationInfo.newCounter;
    return { verified };
  },
});

serve({ ...site(''), ...site('/framed', { expectedTopOrigin: 'https://partner.example' }) });
