// SPDX-License-Identifier: MIT
// /api/v1/people/{id}/photos: who is enrolled by what, and which photos are refused.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { copy, missing, nobody, portrait, sample, withModels } from './photos.mjs';
import { elsewhere, missing as noSql, sql, user } from './school.mjs';
import { serve } from './server.mjs';
import { readFileSync } from 'node:fs';

const skip = missing;
const jpeg = { 'Content-Type': 'image/jpeg' };
let server, admin;
before(async () => {
  server = await serve(missing ? {} : { env: withModels.env });
  admin = await server.administrator();
});
after(() => server.stop());

const add = async (name) => `/api/v1/people/${(await admin.post('/api/v1/people', { name })).body.id}`;
const photos = async (person) => (await admin.get(`${person}/photos`)).body.items;
const send = (person, body, { query = '', headers = {}, caller = admin } = {}) =>
  caller.request('POST', `${person}/photos${query}`, { body, headers: { ...jpeg, ...headers } });

test('a photo enrols somebody, in each of the ways it can come', { skip }, async () => {
  const ana = await add('Ana'), bytes = portrait('Ana');
  const raw = await send(ana, bytes);
  assert.equal(raw.status, 201, raw.text);
  assert.ok(raw.body.quality > 0 && raw.body.kept === false && raw.body.looks_like === null, raw.text);
  const form = new FormData();
  form.set('image', new Blob([copy(bytes, 1)]), 'ana.jpg');
  const posted = await admin.request('POST', `${ana}/photos`, { body: form });
  assert.equal(posted.status, 201, posted.text);
  const url = `data:image/jpeg;base64,${copy(bytes, 2).toString('base64')}`;
  const inJson = await admin.post(`${ana}/photos`, { image: url });
  assert.equal(inJson.status, 201, inJson.text);
  assert.deepEqual((await photos(ana)).map((one) => one.id), [raw, posted, inJson].map((one) => one.body.id));
  assert.equal((await admin.get(ana)).body.photos, 3);
  const found = await admin.request('POST', '/api/v1/identify', { body: copy(bytes, 3), headers: jpeg });
  assert.equal(found.body.faces[0].person?.name, 'Ana', 'known from the next request on');
});

test('a photo is taken once, a repeated request too', { skip }, async () => {
  const bea = await add('Bea'), headers = { 'Idempotency-Key': 'bea' };
  const first = await send(bea, portrait('Bea'), { headers });
  assert.equal(first.status, 201, first.text);
  const again = await send(bea, portrait('Bea'), { headers });
  assert.equal(again.status, 201, again.text);
  assert.equal(again.body.id, first.body.id);
  const twice = await send(bea, portrait('Bea'));
  assert.equal(twice.status, 409, twice.text);
  assert.match(twice.body.detail, /enrolled already, for 'Bea'/);
  assert.equal((await photos(bea)).length, 1);
});

test('a photo of somebody else is refused, unless there is a reason', { skip }, async () => {
  const cleo = await add('Cleo'), other = await add('Twin');
  assert.equal((await send(cleo, portrait('Cleo'))).status, 201);
  const wrong = await send(other, copy(portrait('Cleo'), 1));
  assert.equal(wrong.status, 422, wrong.text);
  assert.equal(wrong.body.code, 'looks_like_another');
  assert.match(wrong.body.detail, /looks like 'Cleo'/);
  assert.deepEqual(await photos(other), []);
  const forced = await send(other, copy(portrait('Cleo'), 1), { query: '?force=a%20twin' });
  assert.equal(forced.status, 201, forced.text);
  assert.ok(cleo.endsWith(forced.body.looks_like));
  if (!noSql) assert.match(sql(server, "SELECT detail FROM audit_detail WHERE instr(detail, 'a twin') > 0"), /"looked_like_others":true/);
  await admin.delete(other);
});

test('a photo without a face, with many, or that is none, enrols nobody', { skip }, async () => {
  const dora = await add('Dora');
  assert.equal((await send(dora, nobody())).body.code, 'no_face');
  const many = await send(dora, readFileSync(sample(1)));
  assert.equal(many.status, 422, many.text);
  assert.equal(many.body.code, 'unusable_photo');
  assert.equal((await send(dora, portrait('Dora').subarray(0, 60))).status, 400);
  assert.equal((await send(dora, 'hello', { headers: { 'Content-Type': 'text/plain' } })).status, 415);
  assert.equal((await send(dora, portrait('Dora'), { query: '?largest=yes' })).body.field, 'largest');
  assert.deepEqual(await photos(dora), []);
});

test('a photo that is removed is no longer known', { skip }, async () => {
  const emma = await add('Emma');
  const { id } = (await send(emma, portrait('Emma'))).body;
  const look = () => admin.request('POST', '/api/v1/identify', { body: portrait('Emma'), headers: jpeg });
  assert.equal((await look()).body.faces[0].person?.name, 'Emma');
  assert.equal((await admin.delete(`${emma}/photos/${id}`)).status, 204);
  assert.equal((await admin.delete(`${emma}/photos/${id}`)).status, 404);
  assert.notEqual((await look()).body.faces[0].person?.name, 'Emma');
});

test('photos are kept only when that is said, and shown to administrators', { skip }, async () => {
  const person = await add('Kept');
  const bare = (await send(person, copy(portrait('Dora'), 5))).body;
  assert.equal((await admin.get(`${person}/photos/${bare.id}/image`)).status, 404);
  await admin.delete(person);
  json(server.home, ['settings', 'set', 'keep-photos', 'on', '--json'], withModels);
  const again = await add('Kept too');
  // What is in use is read again when somebody is enrolled or erased.
  const { id, kept } = (await send(again, copy(portrait('Dora'), 6))).body;
  assert.equal(kept, true);
  const answer = await fetch(`${server.base}${again}/photos/${id}/image`, { headers: admin.headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'image/jpeg');
  assert.equal(Buffer.from(await answer.arrayBuffer()).readUInt16BE(0), 0xffd8);
  assert.equal((await admin.delete(`${again}/photos/${id}`)).status, 204);
  if (!noSql) assert.equal(sql(server, 'SELECT count(*) FROM photo'), '0');
  json(server.home, ['settings', 'set', 'keep-photos', 'off', '--json'], withModels);
});

test('only who may change people enrols them, and only their own', { skip: noSql }, async () => {
  const far = elsewhere(server), person = await add('Here');
  const viewer = await user(server, 'viewer'), teacher = await user(server, 'teacher');
  for (const caller of [viewer, teacher]) {
    assert.equal((await send(person, 'x', { caller })).status, 403);
    assert.equal((await caller.delete(`${person}/photos/x`)).status, 403);
    assert.equal((await caller.get(`${person}/photos/x/image`)).status, 403);
  }
  assert.equal((await viewer.get(`${person}/photos`)).status, 200);
  assert.equal((await teacher.get(`${person}/photos`)).status, 404);
  assert.equal((await admin.get(`/api/v1/people/${far.person}/photos`)).status, 404);
  assert.equal((await send(`/api/v1/people/${far.person}`, 'x')).status, 404);
  assert.equal((await admin.delete(`${person}/photos/x`)).status, 404);
});
