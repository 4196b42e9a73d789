// What every trial server has in common: JSON over HTTP on loopback, a session by cookie, and accounts in memory. Nothing here
// looks into a WebAuthn message: that is the library's business. What a site on any of them must do itself is here: keep the
// ceremony in the session, find the passkey, and see that it is one that was asked for, and the account's.
import { createServer } from 'node:http';
import { randomBytes, randomUUID } from 'node:crypto';

// Refusal is thrown to answer 4xx with a reason. Whatever a library throws is answered by 400.
export class Refusal extends Error {
  constructor(reason, status = 400) {
    super(reason);
    this.status = status;
  }
}

// longest is how long a body may be, in bytes: more than the longest that libraries are judged by.
const longest = 2 << 20;

async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > longest) throw new Refusal(`a body is at most ${longest} bytes long`, 413);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

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
      answer(200, await route(await read(request), sessions.get(id), store), headers);
    } catch (error) {
      if (error?.status === 413) headers.Connection = 'close';
      answer(error?.status ?? 400, { error: String(error?.message ?? error) }, headers);
    }
  });
  // Longer than any pause of the suite, so that no connection is closed under a request.
  server.keepAliveTimeout = 120_000;
  server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
}

export const origin = `http://localhost:${process.env.PORT}`;

// account returns the user of that name, made when there is none. The id is a user handle, in base64url.
export function account(store, name) {
  if (typeof name !== 'string' || name === '') throw new Refusal('a user name is needed');
  if (!store.users.has(name)) store.users.set(name, { name, id: randomBytes(32).toString('base64url'), credentials: [] });
  return store.users.get(name);
}

// known returns the user of that name, who has passkeys; nobody when there is no name.
export function known(store, name) {
  if (name === undefined) return undefined;
  const user = store.users.get(name);
  if (!user?.credentials.length) throw new Refusal('nobody of that name has a passkey');
  return user;
}

// wish returns what a visitor asks for, where it is one of what there is, and else the first of that.
export const wish = (asked, ...those) => (those.includes(asked) ? asked : those[0]);

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

// owned returns a stored credential: one that the options listed, where they had a list, and the named user's, where one was named.
export function owned(store, id, { user, listed = [] }) {
  const credential = store.credentials.get(id);
  if (!credential || (user && credential.user !== user) || (listed.length > 0 && !listed.includes(id))) throw new Refusal('this passkey is unknown');
  return credential;
}

// handled sees that a response's user handle is that of the passkey's account: always when nobody was named, and else where there is
// one. It is for libraries that do not take the handle.
export function handled(handle, credential, { user }) {
  const absent = handle === undefined || handle === null || handle === '';
  if (absent ? !user : handle !== credential.user.id) throw new Refusal('this passkey is not of this account');
}
