// SPDX-License-Identifier: MIT
// Registers and marks over HTTP: opened, corrected, closed, and by whom.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { serve } from './server.mjs';
import { elsewhere, noSqlite, somebody } from './staff.mjs';

let server, admin, group, other, ana, session;
const day = '2026-03-02';

before(async () => {
  server = await serve();
  admin = await server.administrator();
  group = (await admin.post('/api/v1/groups', { name: '3a' })).body.id;
  other = (await admin.post('/api/v1/groups', { name: '3b' })).body.id;
  for (const [name, where] of [['Ana', '3a'], ['Bea', '3a'], ['Cleo', '3b']])
    json(server.home, ['people', 'add', name, '--group', where, '--json']);
  ana = json(server.home, ['people', 'show', 'Ana', '--json']).person.id;
  session = (await admin.post('/api/v1/sessions', { group_id: group, day })).body;
});
after(() => server.stop());

test('a register is opened once a day and group', async () => {
  assert.equal(session.day, day);
  assert.equal(session.closed, null);
  const again = await admin.post('/api/v1/sessions', { group_id: group, day });
  assert.equal(again.status, 200, again.text);
  assert.equal(again.body.id, session.id);
  assert.equal(json(server.home, ['audit', 'list', '--action', 'register.open', '--json']).entries.length, 1);
  const replayed = () => admin.post('/api/v1/sessions', { group_id: other, day }, { 'Idempotency-Key': 'open-3b' });
  assert.equal((await replayed()).status, 201);
  assert.equal((await replayed()).status, 201);
  assert.equal((await admin.post('/api/v1/sessions', { group_id: 'none', day })).status, 404);
  assert.equal((await admin.post('/api/v1/sessions', { group_id: group, day: '2026-02-30' })).body.field, 'day');
});

test('registers are listed by day and group, in pages', async () => {
  await admin.post('/api/v1/sessions', { group_id: group, day: '2026-03-01' });
  const days = async (query) => (await admin.get(`/api/v1/sessions${query}`)).body.items.map((s) => s.day);
  assert.deepEqual(await days(`?group_id=${group}`), ['2026-03-02', '2026-03-01']);
  assert.deepEqual(await days(`?group_id=${group}&day=2026-03-01`), ['2026-03-01']);
  assert.deepEqual(await days('?to=2026-03-01'), ['2026-03-01']);
  const first = (await admin.get(`/api/v1/sessions?group_id=${group}&limit=1`)).body;
  assert.ok(first.next);
  const second = (await admin.get(`/api/v1/sessions?group_id=${group}&limit=1&cursor=${first.next}`)).body;
  assert.deepEqual([first.items[0].day, second.items[0].day, second.next], ['2026-03-02', '2026-03-01', null]);
  assert.equal((await admin.get('/api/v1/sessions?day=someday')).status, 400);
  assert.equal((await admin.get('/api/v1/sessions?cursor=x')).status, 400);
});

test('a mark is corrected by hand, with a reason that the audit keeps', async () => {
  const path = `/api/v1/sessions/${session.id}/marks/${ana}`;
  const set = await admin.put(path, { status: 'excused', reason: 'at the dentist' });
  assert.equal(set.status, 200, set.text);
  assert.equal(set.body.status, 'excused');
  assert.equal(set.body.by, `user:${admin.me.user.id}`);
  const marks = (await admin.get(`/api/v1/sessions/${session.id}/marks`)).body.items;
  assert.deepEqual(marks.map((m) => [m.person.name, m.status]), [['Ana', 'excused']]);
  assert.equal((await admin.put(path, { status: 'there', reason: 'x' })).body.field, 'status');
  assert.equal((await admin.put(path, { status: 'late', reason: '' })).body.field, 'reason');
  const cleo = json(server.home, ['people', 'show', 'Cleo', '--json']).person.id;
  assert.equal((await admin.put(`/api/v1/sessions/${session.id}/marks/${cleo}`, { status: 'late', reason: 'x' })).status, 400);
  assert.equal(json(server.home, ['audit', 'list', '--action', 'mark.override', '--json']).entries.length, 1);
});

test('a register is read, closed and opened again as the program does it', async () => {
  const closed = await admin.post(`/api/v1/sessions/${session.id}/close`);
  assert.equal(closed.status, 200, closed.text);
  assert.ok(closed.body.closed);
  assert.equal((await admin.post(`/api/v1/sessions/${session.id}/close`)).body.closed, closed.body.closed);
  const roll = await admin.get(`/api/v1/registers/${day}?group_id=${group}`);
  assert.deepEqual(roll.body, json(server.home, ['roll', '--date', day, '--group', '3a', '--json']));
  assert.deepEqual(roll.body.people.map((p) => p.status), ['excused', 'absent']);
  const reopened = await admin.post(`/api/v1/sessions/${session.id}/reopen`, { reason: 'closed too early' });
  assert.equal(reopened.status, 200, reopened.text);
  assert.equal(reopened.body.closed, null);
  const twice = await admin.post(`/api/v1/sessions/${session.id}/reopen`, { reason: 'again' });
  assert.equal(twice.status, 409);
  assert.equal(twice.body.code, 'not_closed');
});

test('a teacher works in the own groups, by the right to take and to change', { skip: noSqlite }, async () => {
  const teacher = await somebody(server, 'teacher', { groups: [{ id: group, take: true }] });
  const may = async (method, path, body, status) => {
    const answer = await teacher.request(method, path, { json: body });
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.body;
  };
  const { items } = await may('GET', '/api/v1/sessions', undefined, 200);
  assert.deepEqual([...new Set(items.map((s) => s.group_id))], [group]);
  await may('GET', `/api/v1/sessions?group_id=${other}`, undefined, 403);
  await may('POST', '/api/v1/sessions', { group_id: group, day: '2026-03-03' }, 201);
  await may('POST', '/api/v1/sessions', { group_id: other, day: '2026-03-03' }, 403);
  await may('POST', '/api/v1/sessions', { group_id: null, day: '2026-03-03' }, 403);
  await may('POST', `/api/v1/sessions/${session.id}/close`, undefined, 403);
  await may('PUT', `/api/v1/sessions/${session.id}/marks/${ana}`, { status: 'late', reason: 'x' }, 403);
  await may('GET', `/api/v1/registers/${day}`, undefined, 400);
  await may('GET', `/api/v1/registers/${day}?group_id=${group}`, undefined, 200);
  await may('GET', `/api/v1/registers/${day}?group_id=${other}`, undefined, 403);
});

test('a student sees the own marks and nothing else', { skip: noSqlite }, async () => {
  const student = await somebody(server, 'student', { person: ana });
  const own = await student.get('/api/v1/me/marks');
  assert.equal(own.status, 200, own.text);
  assert.deepEqual(own.body.items.map((m) => [m.person.name, m.day, m.status]), [['Ana', day, 'excused']]);
  for (const path of ['/api/v1/sessions', `/api/v1/sessions/${session.id}`, `/api/v1/sessions/${session.id}/marks`,
    `/api/v1/registers/${day}`, `/api/v1/registers/${day}?group_id=${group}`])
    assert.equal((await student.get(path)).status, 403, path);
  assert.equal((await student.put(`/api/v1/sessions/${session.id}/marks/${ana}`, { status: 'present', reason: 'x' })).status, 403);
  assert.equal((await admin.get('/api/v1/me/marks')).status, 404);
});

test('another organisation’s registers are not there', { skip: noSqlite }, async () => {
  const theirs = elsewhere(server.home);
  for (const [method, path, body] of [
    ['GET', `/api/v1/sessions/${theirs.session}`], ['GET', `/api/v1/sessions/${theirs.session}/marks`],
    ['POST', `/api/v1/sessions/${theirs.session}/close`], ['GET', `/api/v1/sessions?group_id=${theirs.group}`],
    ['GET', `/api/v1/registers/${day}?group_id=${theirs.group}`],
    ['POST', '/api/v1/sessions', { group_id: theirs.group, day }],
    ['PUT', `/api/v1/sessions/${theirs.session}/marks/${ana}`, { status: 'late', reason: 'x' }],
    ['PUT', `/api/v1/sessions/${session.id}/marks/${theirs.person}`, { status: 'late', reason: 'x' }],
    ['POST', `/api/v1/sessions/${theirs.session}/reopen`, { reason: 'x' }],
  ]) {
    const answer = await admin.request(method, path, { json: body });
    assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
  }
});
