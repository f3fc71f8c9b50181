// SPDX-License-Identifier: MIT
// Every call that is described, asked wrongly: the answer is one that is described (server.mjs sees
// to that), never a failure of the server, and nothing has changed afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from './helpers.mjs';
import { Schemas } from './openapi.mjs';
import { serve } from './server.mjs';

const nobody = '0192f0a0-0000-7000-8000-00000000dead';
const methods = ['get', 'put', 'post', 'delete', 'patch'];
// These end or change the caller's own session.
const own = new Set(['signOut', 'setPassword', 'signIn', 'useLink', 'lookAtLink']);

let server, admin, calls, viewer;
before(async () => {
  const home = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  writeFileSync(join(home, 'rollcall.conf'),
    '[limits]\njson-max = 4 kB\nupload-max = 64 kB\nrate-api = off\nrate-sign-in = off\nrate-recognise = off\nrate-upload = off\n');
  server = await serve({ home });
  admin = await server.administrator();
  const { doc } = server.description, schemas = new Schemas(doc);
  const sockets = new Set(json(server.home, ['serve', '--list-routes']).routes.filter((r) => r.websocket).map((r) => r.path));
  calls = Object.entries(doc.paths).filter(([path]) => !sockets.has(path)).flatMap(([path, item]) => methods.filter((m) => item[m]).map((m) => ({
    method: m.toUpperCase(), path: path.replaceAll('{day}', '2026-11-20').replaceAll(/\{[^}]*\}/g, nobody), operation: item[m],
    body: schemas.resolve(item[m].requestBody), name: `${m.toUpperCase()} ${path}`,
  })));
  const invited = json(server.home, ['users', 'add', 'viewer@school.example', '--role', 'viewer']);
  const token = JSON.stringify(invited).match(/link#([A-Za-z0-9_-]+)/)[1];
  viewer = server.signedIn(await server.post('/api/v1/links/use', { token, password: 'another long password' }));
});
after(() => server.stop());

const takesJson = (call) => call.body?.content?.['application/json'];
// An id of nothing may be found out first, and an administrator is no person of the registers.
const isNobodys = (answer, { path }) => answer.status === 404 && (path.includes(nobody) || path.startsWith('/api/v1/me/'));
const isOpen = (call) => call.operation.security?.length === 0 || call.operation.security?.some((one) => Object.keys(one).length === 0);

/** What there is, as far as it can be listed. */
async function state() {
  const lists = ['/api/v1/groups', '/api/v1/people'];
  return Promise.all(lists.map(async (path) => (await admin.get(path)).text));
}

/** Asks each call in turn and gathers what is wrong; one bad answer must not hide the others. */
async function each(chosen, ask, good) {
  const wrong = [], from = await state();
  assert.ok(chosen.length > 3);
  for (const call of chosen) {
    try {
      const answer = await ask(call);
      const text = `${call.name}: ${answer.status} ${answer.body?.code ?? ''}`;
      if (answer.status >= 500 || !good(answer, call)) wrong.push(text);
      else if (answer.status >= 400) assert.equal(answer.type, 'application/problem+json', text);
    } catch (error) {
      wrong.push(`${call.name}: ${error.message}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(await state(), from, 'something has changed');
}

test('without a sign-in: 401', () => each(calls.filter((c) => !isOpen(c)),
  (c) => server.request(c.method, c.path, takesJson(c) ? { json: {} } : {}),
  (answer) => answer.status === 401 && answer.body.code === 'not_signed_in'));

test('with a key that is none: 401', () => each(calls.filter((c) => !isOpen(c)),
  (c) => server.withKey('rk_aaaaaaaa_nonsense').request(c.method, c.path, takesJson(c) ? { json: {} } : {}),
  (answer) => answer.status === 401 && answer.body.code === 'bad_credentials'));

test('a viewer changes nothing', () => each(calls.filter((c) => c.method !== 'GET' && !own.has(c.operation.operationId)),
  (c) => viewer.request(c.method, c.path, takesJson(c) ? { json: {} } : {}),
  (answer) => answer.status >= 400));

test('a cookie without the token of the page: 403', () => each(calls.filter((c) => c.method !== 'GET' && !isOpen(c)),
  (c) => admin.request(c.method, c.path, { headers: { 'X-CSRF-Token': '' }, ...(takesJson(c) ? { json: {} } : {}) }),
  (answer) => answer.status === 403 && answer.body.code === 'csrf'));

test('an id of nothing: 404', () => each(calls.filter((c) => c.path.includes(nobody) && c.method !== 'PUT' && !c.body && !own.has(c.operation.operationId)),
  (c) => admin.request(c.method, c.path),
  (answer) => answer.status === 404));

const bodies = {
  'JSON that ends too early': { body: '{"name": "x', headers: { 'Content-Type': 'application/json' } },
  'JSON that is no object': { body: '[]', headers: { 'Content-Type': 'application/json' } },
  'a member that is not known': { json: { 'no such member': 1 } },
  'a member twice': { body: '{"name":"a","name":"b"}', headers: { 'Content-Type': 'application/json' } },
  'bytes that are no UTF-8': { body: Buffer.from('{"name":"\xff"}', 'latin1'), headers: { 'Content-Type': 'application/json' } },
  'nesting without end': { body: '['.repeat(1500), headers: { 'Content-Type': 'application/json' } },
};
for (const [what, options] of Object.entries(bodies))
  test(`${what}: refused`, () => each(calls.filter((c) => takesJson(c) && !own.has(c.operation.operationId)),
    (c) => admin.request(c.method, c.path, options),
    (answer, c) => [400, 428].includes(answer.status) || isNobodys(answer, c)));

test('another type of content: 415', () => each(calls.filter((c) => takesJson(c) && !own.has(c.operation.operationId)),
  (c) => admin.request(c.method, c.path, { body: 'name=x', headers: { 'Content-Type': 'text/x-nothing' } }),
  (answer, c) => [415, 428].includes(answer.status) || isNobodys(answer, c)));

test('more than may be sent: 413', () => each(calls.filter((c) => c.body),
  (c) => admin.request(c.method, c.path, { body: Buffer.alloc(200_000, 32), headers: { 'Content-Type': 'application/json' } }),
  (answer) => answer.status === 413));

test('a cursor or limit that is none: 400', () => each(
  calls.filter((c) => c.method === 'GET' && JSON.stringify(c.operation.parameters ?? '').includes('parameters/cursor') && !c.path.includes(nobody) && !c.path.startsWith('/api/v1/me/')),
  async (c) => {
    const limit = await admin.request('GET', `${c.path}?limit=0`);
    assert.equal(limit.status, 400, `${c.name} limit`);
    return admin.request('GET', `${c.path}?cursor=%21%21`);
  },
  (answer) => answer.status === 400));
