// SPDX-License-Identifier: MIT
// What was seen, over HTTP: listed, explained, rejected, and what waits for somebody to look.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { copy, missing, people, portrait, withModels } from './photos.mjs';
import { serve } from './server.mjs';
import { elsewhere, noSqlite, somebody } from './staff.mjs';

let server, admin, group, other, ana, dora, copies = 0;
const dir = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
const skip = missing;

async function mark(name, query) {
  const answer = await admin.request('POST', `/api/v1/mark?${query}`,
    { body: copy(portrait(name), `sightings ${copies++}`), headers: { 'Content-Type': 'image/jpeg' } });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

before(async () => {
  if (skip) return;
  server = await serve({ env: withModels.env });
  json(server.home, ['import', people(join(dir, 'a'), ['Ana', 'Bea']), '--group', '3a', '--json'], withModels);
  json(server.home, ['import', people(join(dir, 'b'), ['Dora']), '--group', '3b', '--json'], withModels);
  admin = await server.administrator();
  const groups = (await admin.get('/api/v1/groups')).body.items;
  [group, other] = ['3a', '3b'].map((name) => groups.find((g) => g.name === name).id);
  [ana, dora] = ['Ana', 'Dora'].map((name) => json(server.home, ['people', 'show', name, '--json']).person.id);
});
after(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('a sighting is explained as the program explains it', { skip }, async () => {
  const { written: [{ sighting, session }] } = await mark('Ana', `group_id=${group}&at=2026-03-02T08:50:00Z`);
  const one = await admin.get(`/api/v1/sightings/${sighting}`);
  assert.equal(one.status, 200, one.text);
  assert.equal(one.body.person.name, 'Ana');
  assert.deepEqual(one.body.sentences, json(server.home, ['explain', sighting, '--json']).sentences);
  assert.deepEqual(one.body.marks, [{ session, status: 'present' }]);
  assert.equal((await admin.get('/api/v1/sightings/none')).status, 404);
});

test('sightings are listed by time, person and decision', { skip }, async () => {
  await mark('Bea', `group_id=${group}&at=2026-03-03T08:50:00Z`);
  const names = async (query) => (await admin.get(`/api/v1/sightings?${query}`)).body.items.map((s) => s.person.name);
  assert.deepEqual(await names(''), ['Bea', 'Ana']);
  assert.deepEqual(await names('to=2026-03-02'), ['Ana']);
  assert.deepEqual(await names('from=2026-03-02T09:00:00Z'), ['Bea']);
  assert.deepEqual(await names(`person_id=${ana}&decision=match`), ['Ana']);
  assert.deepEqual(await names('decision=unknown'), []);
  assert.equal((await admin.get('/api/v1/sightings?decision=sure')).body.field, 'decision');
  assert.equal((await admin.get('/api/v1/sightings?from=then')).body.field, 'from');
  assert.equal((await admin.get('/api/v1/sightings?person_id=nobody')).status, 404);
});

test('a wrong name is taken back, once, with its mark', { skip }, async () => {
  const { written: [{ sighting, session }] } = await mark('Ana', `group_id=${group}&at=2026-03-04T08:50:00Z`);
  const path = `/api/v1/sightings/${sighting}/reject`;
  assert.equal((await admin.post(path, { reason: '' })).status, 400);
  const done = await admin.post(path, { reason: 'that was her sister' });
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.person_id, ana);
  assert.equal(done.body.withdrawn, 1);
  assert.equal((await admin.post(path, { reason: 'again' })).status, 409);
  assert.equal((await admin.get(`/api/v1/sightings/${sighting}`)).body.rejected, true);
  assert.deepEqual((await admin.get(`/api/v1/sessions/${session}/marks`)).body.items, []);
});

test('a review is confirmed once, and marks', { skip }, async () => {
  const { not_written: [{ sighting, outcome }] } = await mark('Dora', `group_id=${group}&at=2026-03-05T08:50:00Z`);
  assert.equal(outcome, 'review');
  const waiting = async () => (await admin.get('/api/v1/reviews')).body.items.map((s) => s.id);
  assert.deepEqual(await waiting(), [sighting]);
  assert.equal((await admin.post(`/api/v1/reviews/${sighting}`, { outcome: 'reject' })).body.field, 'reason');
  const done = await admin.post(`/api/v1/reviews/${sighting}`, { outcome: 'confirm' });
  assert.equal(done.status, 200, done.text);
  assert.equal(done.body.person_id, dora);
  assert.equal(done.body.marked, 1);
  assert.deepEqual(await waiting(), []);
  assert.equal((await admin.post(`/api/v1/reviews/${sighting}`, { outcome: 'dismiss' })).status, 409);
});

test('a teacher sees and settles what belongs to the own groups', { skip: skip || noSqlite }, async () => {
  const teacher = await somebody(server, 'teacher', { groups: [{ id: other, take: true, change: true }] });
  const names = (await teacher.get('/api/v1/sightings')).body.items.map((s) => s.person?.name);
  assert.ok(names.every((name) => name === 'Dora'), names);
  const { written: [{ sighting }] } = await mark('Ana', `group_id=${group}&at=2026-03-06T08:50:00Z`);
  assert.equal((await teacher.get(`/api/v1/sightings/${sighting}`)).status, 404);
  assert.equal((await teacher.post(`/api/v1/sightings/${sighting}/reject`, { reason: 'x' })).status, 404);
  const { not_written: [doubt] } = await mark('Bea', `group_id=${other}&at=2026-03-06T08:51:00Z`);
  const seen = await teacher.get(`/api/v1/sightings/${doubt.sighting}`);
  assert.equal(seen.status, 200, seen.text);
  assert.equal(seen.body.person, null);
  assert.doesNotMatch(seen.text, /Bea/);
  assert.equal((await teacher.post(`/api/v1/reviews/${doubt.sighting}`, { outcome: 'confirm' })).status, 403);
  assert.equal((await teacher.post(`/api/v1/reviews/${doubt.sighting}`, { outcome: 'dismiss' })).status, 200);
});

test('a student contests a mark, and the answer changes it', { skip: skip || noSqlite }, async () => {
  const student = await somebody(server, 'student', { person: ana });
  const own = (await student.get('/api/v1/sightings')).body.items;
  assert.ok(own.length > 0 && own.every((s) => s.person.name === 'Ana' && s.decision === 'match'));
  const session = (await admin.post('/api/v1/sessions', { group_id: group, day: '2026-03-09' })).body.id;
  const theirs = (await admin.post('/api/v1/sessions', { group_id: other, day: '2026-03-09' })).body.id;
  assert.equal((await student.post('/api/v1/me/contests', { session_id: theirs, words: 'I was there' })).status, 404);
  const made = await student.post('/api/v1/me/contests', { session_id: session, words: 'I was there' });
  assert.equal(made.status, 201, made.text);
  assert.equal((await student.post('/api/v1/me/contests', { session_id: session, words: 'really' })).status, 409);
  assert.equal((await student.post(`/api/v1/contests/${made.body.id}`, { accept: true, answer: 'ok', status: 'present' })).status, 403);
  assert.equal((await admin.get('/api/v1/contests?state=open')).body.items[0].words, 'I was there');
  assert.equal((await admin.post(`/api/v1/contests/${made.body.id}`, { accept: true, answer: 'ok' })).body.field, 'status');
  const settled = await admin.post(`/api/v1/contests/${made.body.id}`, { accept: true, answer: 'seen by me', status: 'present' });
  assert.equal(settled.status, 200, settled.text);
  assert.equal((await student.get('/api/v1/me/contests')).body.items[0].state, 'accepted');
  const marks = (await student.get('/api/v1/me/marks?from=2026-03-09')).body.items;
  assert.deepEqual(marks.map((m) => [m.status, m.reason]), [['present', 'seen by me']]);
  assert.equal((await admin.post(`/api/v1/contests/${made.body.id}`, { accept: false, answer: 'no' })).status, 409);
});

test('another organisation’s people, groups and registers are not there', { skip: skip || noSqlite }, async () => {
  const theirs = elsewhere(server.home);
  assert.equal((await admin.get(`/api/v1/sightings?person_id=${theirs.person}`)).status, 404);
  assert.equal((await admin.get(`/api/v1/sightings/${theirs.sighting}`)).status, 404);
  assert.equal((await admin.post(`/api/v1/sightings/${theirs.sighting}/reject`, { reason: 'x' })).status, 404);
  assert.equal((await admin.post(`/api/v1/reviews/${theirs.sighting}`, { outcome: 'dismiss' })).status, 404);
  assert.ok(!(await admin.get('/api/v1/reviews')).body.items.some((s) => s.id === theirs.sighting));
  for (const [call, query] of [['mark', `group_id=${theirs.group}`], ['mark', `session_id=${theirs.session}`], ['identify', `group_id=${theirs.group}`]]) {
    const answer = await admin.request('POST', `/api/v1/${call}?${query}`, { body: portrait('Ana'), headers: { 'Content-Type': 'image/jpeg' } });
    assert.equal(answer.status, 404, `${call} ${query}: ${answer.text}`);
  }
  const { not_written: [doubt] } = await mark('Dora', `group_id=${group}&at=2026-03-12T08:50:00Z`);
  assert.equal((await admin.post(`/api/v1/reviews/${doubt.sighting}`, { outcome: 'confirm', person_id: theirs.person })).status, 404);
});
