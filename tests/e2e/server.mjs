// SPDX-License-Identifier: MIT
// A server for tests, in a home of its own, and callers of its API.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { environment, models, program } from './helpers.mjs';
import { Description } from './openapi.mjs';

/** Somebody who calls: `headers` go with each request; each answer must be as it is described. */
class Caller {
  constructor(base, headers = {}, description = null) { Object.assign(this, { base, headers, description }); }

  async request(method, path, { json, body, headers } = {}) {
    const all = { ...this.headers, ...headers };
    if (json !== undefined) all['Content-Type'] ??= 'application/json';
    for (const name of Object.keys(all)) if (all[name] === '') delete all[name];
    const answer = await fetch(this.base + path, {
      method, headers: all, redirect: 'manual', body: json !== undefined ? JSON.stringify(json) : body,
    });
    const type = answer.headers.get('content-type') ?? '';
    const text = await answer.text();
    const result = { status: answer.status, headers: answer.headers, type, text, body: /json/.test(type) && text !== '' ? JSON.parse(text) : text };
    this.description?.check(method, path, result);
    return result;
  }
  get(path, headers) { return this.request('GET', path, { headers }); }
  post(path, json, headers) { return this.request('POST', path, { json, headers }); }
  put(path, json, headers) { return this.request('PUT', path, { json, headers }); }
  patch(path, json, headers) { return this.request('PATCH', path, { json, headers }); }
  delete(path, headers) { return this.request('DELETE', path, { headers }); }
}

const email = 'head@school.example', password = 'correct horse battery';

class Server extends Caller {
  /** A caller with the cookies of `answer`, which signed somebody in. */
  signedIn(answer) {
    assert.equal(answer.status, 200, answer.text);
    const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    const caller = new Caller(this.base, { Cookie: cookie, 'X-CSRF-Token': answer.body.csrf_token }, this.description);
    return Object.assign(caller, { me: answer.body });
  }
  async signIn(who, secret) { return this.signedIn(await this.post('/api/v1/sign-in', { email: who, password: secret })); }
  /** The administrator, who uses the printed link the first time. */
  async administrator() {
    this.admin ??= this.signedIn(await this.post('/api/v1/links/use', { token: this.token, password, email, name: 'Head' }));
    return this.admin;
  }
  withKey(key) { return new Caller(this.base, { Authorization: `Bearer ${key}` }, this.description); }
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null) {
      this.child.kill(signal);
      await once(this.child, 'exit');
    }
    if (this.home.startsWith(tmpdir())) rmSync(this.home, { recursive: true, force: true });
    return this.child.exitCode;
  }
}

/** Starts `rollcall serve ARGS` and waits until it says where it is. */
export async function serve({ args = [], home = mkdtempSync(join(tmpdir(), 'rollcall-e2e-')), env = {} } = {}) {
  const child = spawn(program, ['--home', home, 'serve', '--port', '0', ...args], {
    env: environment(home, { ROLLCALL_MODELS: models() ?? '', ...env }), stdio: ['ignore', 'inherit', 'pipe'],
  });
  const server = Object.assign(new Server(''), { child, home, log: [], admin: null });
  const lines = createInterface({ input: child.stderr });
  const ready = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      server.log.push(line);
      const at = /^Rollcall is at (\S+)/.exec(line);
      if (at) server.base = at[1];
      const link = /\/link#(\S+)/.exec(line);
      if (link) server.token = link[1];
    });
    child.on('exit', (code) => reject(new Error(`serve ended with ${code}: ${server.log.join('\n')}`)));
    const wait = setInterval(() => { if (server.base) { clearInterval(wait); setTimeout(resolve, 50); } }, 10);
  });
  await ready;
  // Of one with a certificate of its own the test sees to that itself.
  if (server.base.startsWith('http:')) server.description = new Description((await server.get('/api/v1/openapi.json')).body);
  return server;
}
