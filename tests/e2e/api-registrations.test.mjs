// SPDX-License-Identifier: MIT
// Students who register themselves: who may, what strangers learn, and who lets them in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { copy, missing, nobody, portrait, withModels } from './photos.mjs';
import { missing as noSql, password, sql, teaches, user } from './school.mjs';
import { serve } from './server.mjs';

const path = '/api/v1/registrations';
let server, admin, group;
before(async () => {
  server = await serve(missing ? {} : { env: withModels.env });
  admin = await server.administrator();
  group = (await admin.post('/api/v1/groups', { name: '3a' })).body.id;
});
after(() => server.stop());

const open = () => admin.patch('/api/v1/settings', { registration_domains: ['students.example'] });
const form = (fields, photos) => {
  const data = new FormData();
  for (const [name, value] of Object.entries({ password, group_id: group, ...fields })) if (value !== null) data.set(name, value);
  photos.forEach((bytes, i) => data.set(i ? `photo${i + 1}` : 'photo', new Blob([bytes]), 'me.jpg'));
  return server.request('POST', path, { body: data });
};
const waiting = async (caller = admin) => (await caller.get(path)).body.items;

test('nobody registers until domains are set, and nobody learns of groups', async () => {
  const answer = await form({ email: 'a@students.example', name: 'A' }, ['x']);
  assert.equal(answer.status, 403, answer.text);
  const page = (await server.get(`${path}/form`)).body;
  assert.deepEqual([page.open, page.groups], [false, []]);
});

test('what is wrong is said before a photo is looked at', async () => {
  assert.equal((await open()).status, 200);
  assert.deepEqual((await server.get(`${path}/form`)).body.groups, [{ id: group, name: '3a' }]);
  const good = { email: 'a@students.example', name: 'A' };
  for (const [fields, field] of [[{ ...good, email: 'none' }, 'email'], [{ ...good, name: '' }, 'name'], [{ ...good, password: 'short' }, 'password'],
    [{ ...good, group_id: 'none' }, 'group_id']]) {
    const answer = await form(fields, ['x']);
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.body.field, field);
  }
  assert.equal((await form(good, [])).body.code, 'no_image');
  assert.equal((await server.post(`${path}?password=x`, { ...good, photo: 'AAAA' })).body.field, 'password', 'no secret in the query');
});

test('a student registers, is let in, and is recognised', { skip: missing }, async () => {
  const asked = await form({ email: 'ana@students.example', name: 'Ana', number: '7' }, [portrait('Ana'), copy(portrait('Ana'), 1)]);
  assert.equal(asked.status, 202, asked.text);
  const [one] = await waiting();
  assert.deepEqual([one.name, one.number, one.group_id, one.photos], ['Ana', '7', group, 2]);
  const credentials = { email: 'ana@students.example', password };
  assert.equal((await server.post('/api/v1/sign-in', credentials)).status, 401, 'not before somebody has decided');
  const again = await form({ email: 'ANA@students.example', name: 'Somebody else' }, [portrait('Bea')]);
  assert.deepEqual([again.status, again.text], [asked.status, asked.text], 'strangers do not learn who is here');
  const key = { 'Idempotency-Key': 'approve' };
  const person = await admin.post(`${path}/${one.id}/approve`, {}, key);
  assert.equal(person.status, 201, person.text);
  assert.deepEqual([person.body.name, person.body.photos, person.body.groups[0].id], ['Ana', 2, group]);
  assert.equal((await admin.post(`${path}/${one.id}/approve`, {}, key)).body.id, person.body.id);
  assert.equal((await admin.post(`${path}/${one.id}/approve`, {})).status, 404);
  const student = await server.signIn(credentials.email, password);
  assert.deepEqual((await student.get('/api/v1/people')).body.items.map((p) => p.id), [person.body.id]);
  const found = await admin.request('POST', '/api/v1/identify', { body: copy(portrait('Ana'), 2), headers: { 'Content-Type': 'image/jpeg' } });
  assert.equal(found.body.faces[0].person?.name, 'Ana');
});

test('photos that are no use, and addresses of others, are refused', { skip: missing }, async () => {
  const before = (await waiting()).length;
  const blank = await form({ email: 'b@students.example', name: 'B' }, [portrait('Bea'), nobody()]);
  assert.deepEqual([blank.status, blank.body.code, blank.body.field], [422, 'unusable_photo', 'photo2'], blank.text);
  assert.equal((await form({ email: 'b@students.example', name: 'B' }, [portrait('Bea'), portrait('Bea')])).status, 422);
  assert.equal((await form({ email: 'b@elsewhere.example', name: 'B' }, [portrait('Bea')])).status, 403);
  assert.equal((await waiting()).length, before);
});

test('a teacher decides on those who want into the own groups', { skip: missing || noSql }, async () => {
  const other = (await admin.post('/api/v1/groups', { name: '3b' })).body.id;
  const teacher = await user(server, 'teacher'), viewer = await user(server, 'viewer');
  teaches(server, teacher, other);
  await form({ email: 'cleo@students.example', name: 'Cleo' }, [portrait('Cleo')]);
  await form({ email: 'dora@students.example', name: 'Dora', group_id: other }, [portrait('Dora')]);
  const all = await waiting(), cleo = all.find((one) => one.name === 'Cleo'), dora = all.find((one) => one.name === 'Dora');
  assert.deepEqual((await waiting(teacher)).map((one) => one.name), ['Dora']);
  assert.equal((await teacher.post(`${path}/${cleo.id}/approve`, {})).status, 404);
  assert.equal((await teacher.delete(`${path}/${cleo.id}`)).status, 404);
  assert.equal((await viewer.get(path)).status, 403);
  assert.equal((await server.get(path)).status, 401);
  const ana = (await admin.get('/api/v1/people?search=Ana')).body.items[0];
  assert.equal((await teacher.post(`${path}/${dora.id}/approve`, { person_id: ana.id })).status, 404, 'not somebody of another group');
  assert.equal((await teacher.post(`${path}/${dora.id}/approve`, {})).status, 201);
  assert.equal((await admin.delete(`${path}/${cleo.id}`)).status, 204);
  assert.equal((await admin.get(`${path}/${cleo.id}`)).status, 404);
  assert.equal(sql(server, 'SELECT count(*) FROM registration_face'), '0', 'nothing of it remains');
});
