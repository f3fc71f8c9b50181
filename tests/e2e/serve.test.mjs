// SPDX-License-Identifier: MIT
// The server from outside: who may, and what it answers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from './server.mjs';

let server;
before(async () => { server = await serve(); });
after(() => server.stop());

test('the first start invites an administrator, whose link works once', async () => {
  const look = await server.post('/api/v1/links/look', { token: server.token });
  assert.equal(look.status, 200);
  assert.equal(look.body.kind, 'invitation');
  const weak = await server.post('/api/v1/links/use', { token: server.token, password: 'short', email: 'head@school.example' });
  assert.equal(weak.status, 400);
  const admin = await server.administrator();
  assert.equal(admin.me.user.role, 'administrator');
  const again = await server.post('/api/v1/links/use', { token: server.token, password: 'another long password' });
  assert.equal(again.status, 404);
});

test('nobody sees anything without a sign-in', async () => {
  const answer = await server.get('/api/v1/groups');
  assert.equal(answer.status, 401);
  assert.equal(answer.body.code, 'not_signed_in');
  assert.equal(answer.type, 'application/problem+json');
});

test('a cookie alone changes nothing: the token of the page must come too', async () => {
  const admin = await server.administrator();
  const forged = await admin.post('/api/v1/groups', { name: 'Forged' }, { 'X-CSRF-Token': '' });
  assert.equal(forged.status, 403);
  assert.equal(forged.body.code, 'csrf');
  const foreign = await admin.post('/api/v1/groups', { name: 'Forged' }, { Origin: 'https://evil.example' });
  assert.equal(foreign.status, 403);
  assert.deepEqual((await admin.get('/api/v1/groups')).body.items, []);
});

test('groups are added, changed and removed', async () => {
  const admin = await server.administrator();
  const added = await admin.post('/api/v1/groups', { name: '3a', start: '08:10' });
  assert.equal(added.status, 201, JSON.stringify(added.body));
  assert.equal(added.body.start, '08:10');
  assert.equal((await admin.post('/api/v1/groups', { name: '3A' })).status, 409);
  const changed = await admin.patch(`/api/v1/groups/${added.body.id}`, { name: '3b', start: null });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(changed.body.start, null);
  assert.equal((await admin.delete(`/api/v1/groups/${added.body.id}`)).status, 204);
  assert.equal((await admin.get(`/api/v1/groups/${added.body.id}`)).status, 404);
});

test('a member that is not known, or of the wrong type, is refused by name', async () => {
  const admin = await server.administrator();
  const unknown = await admin.post('/api/v1/groups', { name: 'x', colour: 'red' });
  assert.equal(unknown.status, 400);
  assert.equal(unknown.body.field, 'colour');
  const wrong = await admin.post('/api/v1/groups', { name: 'x', grace_minutes: '15' });
  assert.equal(wrong.body.code, 'invalid_field');
  assert.equal(wrong.body.field, 'grace_minutes');
});

test('the same key makes one thing, and the same answer', async () => {
  const admin = await server.administrator();
  const once = { 'Idempotency-Key': 'a-key-of-the-client' };
  const first = await admin.post('/api/v1/groups', { name: 'Once' }, once);
  const second = await admin.post('/api/v1/groups', { name: 'Once' }, once);
  assert.equal(first.status, 201);
  assert.equal(second.status, 201, second.text);
  assert.equal(second.text, first.text);
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  const other = await admin.post('/api/v1/groups', { name: 'Other' }, once);
  assert.equal(other.status, 422);
  assert.equal(other.body.code, 'key_reused');
  const refused = { 'Idempotency-Key': 'refused-the-first-time' };
  assert.equal((await admin.post('/api/v1/groups', { name: 'Once' }, refused)).status, 409);
  assert.equal((await admin.post('/api/v1/groups', { name: 'Once' }, refused)).status, 409);
});

test('who changes what somebody else has changed meanwhile is told', async () => {
  const admin = await server.administrator();
  const { body } = await admin.post('/api/v1/groups', { name: 'Versions' });
  const read = await admin.get(`/api/v1/groups/${body.id}`);
  const tag = read.headers.get('etag');
  const mine = await admin.patch(`/api/v1/groups/${body.id}`, { name: 'Versions 2' }, { 'If-Match': tag });
  assert.equal(mine.status, 200, mine.text);
  assert.notEqual(mine.headers.get('etag'), tag);
  const late = await admin.patch(`/api/v1/groups/${body.id}`, { name: 'Versions 3' }, { 'If-Match': tag });
  assert.equal(late.status, 412);
  assert.equal(late.body.code, 'changed');
  assert.equal((await admin.get(`/api/v1/groups/${body.id}`)).body.name, 'Versions 2');
});

test('lists come in pages', async () => {
  const admin = await server.administrator();
  const all = (await admin.get('/api/v1/groups?limit=500')).body;
  assert.equal(all.next, null);
  const names = [];
  for (let next = ''; next !== null;) {
    const page = (await admin.get(`/api/v1/groups?limit=1${next && `&cursor=${encodeURIComponent(next)}`}`)).body;
    names.push(...page.items.map((group) => group.name));
    next = page.next;
  }
  assert.deepEqual(names, all.items.map((group) => group.name));
  assert.equal((await admin.get('/api/v1/groups?cursor=nonsense')).status, 400);
  assert.equal((await admin.get('/api/v1/groups?limit=0')).status, 400);
});
