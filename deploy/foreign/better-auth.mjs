// better-auth with its passkey plugin, as it comes: this file only gives it a port, a store in memory, and sign-up by password.
// Its limit of requests is off, and on with RATE_LIMIT=on: then the run shows how it is waited for.
// It requires discoverable passkeys, which it else prefers: whoever signs in gives no name, and some cases need one.
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { passkey } from '@better-auth/passkey';

const origin = `http://localhost:${process.env.PORT}`;
const auth = betterAuth({
  baseURL: origin, secret: 'a secret for a trial on loopback only', trustedOrigins: [origin],
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], passkey: [] }),
  emailAndPassword: { enabled: true, password: { hash: async word => word, verify: async ({ hash, password }) => hash === password } },
  plugins: [passkey({ rpID: 'localhost', rpName: 'Trial', origin, authenticatorSelection: { residentKey: 'required' } })],
  rateLimit: { enabled: process.env.RATE_LIMIT === 'on' }, telemetry: { enabled: false }, logger: { disabled: true },
});
const server = createServer(toNodeHandler(auth));
server.keepAliveTimeout = 120_000;
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
