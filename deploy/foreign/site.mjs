// What every trial server has in common: JSON over HTTP on loopback, a session by cookie, and accounts in memory. Nothing here
// looks into a WebAuthn message: that is the library's business.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';

// Refusal is thrown to answer 400 with a reason. Whatever a library throws is answered in the same way.
export class Refusal extends Error {}

// serve answers POST requests for the paths in routes, each a function of the body, the visitor's session and the site's store.
export function serve(routes) {
  const sessions = new Map();
  const store = { users: new Map(), credentials: new Map() };
  const server = createServer(async (request, response) => {
    const answer = (status, body, headers = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    const route = request.method === 'POST' && routes[new URL(request.url, 'http://localhost').pathname];
    if (!route) return answer(404, { error: 'there is no such page' });
    let id = /(?:^|; )sid=([0-9a-f-]+)/.exec(request.headers.cookie ?? '')?.[1];
    const headers = {};
    if (!sessions.has(id)) {
      id = randomUUID();
      sessions.set(id, {});
      headers['Set-Cookie'] = `sid=${id}; HttpOnly; SameSite=Lax; Path=/`;
    }
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      answer(200, await route(body, sessions.get(id), store), headers);
    } catch (error) {
      answer(400, { error: String(error?.message ?? error) }, headers);
    }
  });
  // Longer than any pause of the suite, so that no connection is closed under a request.
  server.keepAliveTimeout = 120_000;
  server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
}

export const origin = `http://localhost:${process.env.PORT}`;

// account returns the user of that name, made when there is none.
export function account(store, name) {
  if (typeof name !== 'string' || name === '') throw new Refusal('a user name is needed');
  if (!store.users.has(name)) store.users.set(name, { name, id: randomUUID().replaceAll('-', ''), credentials: [] });
  return store.users.get(name);
}

// known returns the user of that name, who has passkeys.
export function known(store, name) {
  const user = store.users.get(name);
  if (!user?.credentials.length) throw new Refusal('nobody of that name has a passkey');
  return user;
}

// once takes a ceremony out of a session: a challenge serves once.
export function once(session, kind) {
  const ceremony = session[kind];
  delete session[kind];
  if (!ceremony) throw new Refusal('no ceremony is under way');
  return ceremony;
}

// add stores a new credential of a user; an id that anybody has is refused.
export function add(store, user, credential) {
  if (store.credentials.has(credential.id)) throw new Refusal('this passkey is registered already');
  store.credentials.set(credential.id, { ...credential, user });
  user.credentials.push(credential.id);
}

// owned returns a stored credential, of the user when there is one.
export function owned(store, id, user) {
  const credential = store.credentials.get(id);
  if (!credential || (user && credential.user !== user)) throw new Refusal('this passkey is unknown');
  return credential;
}
