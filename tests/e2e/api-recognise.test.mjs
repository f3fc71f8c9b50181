// SPDX-License-Identifier: MIT
// Photos over HTTP: in three ways, with names and marks as the program itself gives them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { broken, copy, missing, nobody, people, portrait, put, withModels } from './photos.mjs';
import { serve } from './server.mjs';

let server, admin, group;
const dir = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
const jpeg = { 'Content-Type': 'image/jpeg' };
const send = (path, body, headers = jpeg) => admin.request('POST', path, { body, headers });

before(async () => {
  server = await serve(missing ? {} : { env: withModels.env });
  if (!missing) json(server.home, ['import', people(join(dir, 'people'), ['Ana', 'Bea']), '--group', '3a', '--json'], withModels);
  admin = await server.administrator();
  group = (await admin.get('/api/v1/groups')).body.items[0];
});
after(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

// The program prints numbers with nine digits, the server all of them.
const nineDigits = (doc) => JSON.parse(JSON.stringify(doc, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(9)) : v)));

test('a request without an image says how to send one', async () => {
  const empty = await admin.request('POST', '/api/v1/detect', { body: '', headers: jpeg });
  assert.equal(empty.status, 400, empty.text);
  assert.equal(empty.body.code, 'no_image');
  assert.match(empty.body.hint, /multipart/);
  const form = new FormData();
  form.set('picture', new Blob(['x']), 'x.jpg');
  const misnamed = await admin.request('POST', '/api/v1/detect', { body: form });
  assert.equal(misnamed.body.code, 'no_image', misnamed.text);
  const text = await send('/api/v1/detect', 'hello', { 'Content-Type': 'text/plain' });
  assert.equal(text.status, 415, text.text);
  assert.equal(text.body.code, 'unsupported');
});

test('members and data URLs are looked at before anything else', async () => {
  const unknown = await admin.post('/api/v1/identify', { image: 'AAAA', groupid: 'x' });
  assert.equal(unknown.status, 400, unknown.text);
  assert.equal(unknown.body.field, 'groupid');
  const garbled = await admin.post('/api/v1/identify', { image: 'data:image/jpeg;base64,***' });
  assert.equal(garbled.status, 400, garbled.text);
  assert.equal(garbled.body.code, 'bad_image');
  const other = await admin.post('/api/v1/identify', { image: 'data:text/html;base64,PGI+' });
  assert.equal(other.status, 415, other.text);
  assert.equal((await admin.post('/api/v1/identify', { image: 7 })).body.field, 'image');
});

test('nobody recognises without a sign-in', async () => {
  for (const call of ['detect', 'identify', 'compare', 'mark']) {
    const answer = await server.request('POST', `/api/v1/${call}`, { body: 'x', headers: jpeg });
    assert.equal(answer.status, 401, call);
  }
});

test('a file that is no photo is refused with a reason', { skip: missing }, async () => {
  for (const [name, [bytes]] of Object.entries(broken())) {
    const answer = await send('/api/v1/detect', bytes);
    assert.ok([400, 413, 415].includes(answer.status), `${name}: ${answer.status} ${answer.text}`);
    assert.equal(answer.type, 'application/problem+json', name);
  }
});

test('the same faces are found however the photo comes', { skip: missing }, async () => {
  const raw = await send('/api/v1/detect', portrait('Ana'));
  assert.equal(raw.status, 200, raw.text);
  assert.equal(raw.body.faces.length, 1);
  assert.equal(raw.body.file, undefined);
  const form = new FormData();
  form.set('photo', new Blob([portrait('Ana')], { type: 'image/jpeg' }), 'ana.jpg');
  const part = await admin.request('POST', '/api/v1/detect', { body: form });
  const url = await admin.post('/api/v1/detect', { image: `data:image/jpeg;base64,${portrait('Ana').toString('base64')}` });
  assert.deepEqual(part.body.faces, raw.body.faces);
  assert.deepEqual(url.body.faces, raw.body.faces);
});

test('names are those that the program gives', { skip: missing }, async () => {
  const photo = copy(portrait('Ana'), 1);
  const here = await send(`/api/v1/identify?group_id=${group.id}`, photo);
  assert.equal(here.status, 200, here.text);
  const [there] = json(server.home, ['identify', put(join(dir, 'ana.jpg'), photo), '--group', '3a', '--json'], withModels).photos;
  assert.deepEqual(nineDigits(here.body.faces), there.faces);
  assert.equal(here.body.faces[0].person.name, 'Ana');
  const empty = await send('/api/v1/identify', nobody());
  assert.equal(empty.status, 200, empty.text);
  assert.deepEqual(empty.body.faces, []);
  assert.equal((await send('/api/v1/identify?group_id=nothing', photo)).status, 404);
});

test('two photos are compared', { skip: missing }, async () => {
  const compare = (a, b) => {
    const form = new FormData();
    form.set('first', new Blob([a]), 'a.jpg');
    form.set('second', new Blob([b]), 'b.jpg');
    return admin.request('POST', '/api/v1/compare', { body: form });
  };
  const same = await compare(portrait('Ana'), copy(portrait('Ana'), 2));
  assert.equal(same.status, 200, same.text);
  assert.equal(same.body.decision, 'same');
  assert.ok(same.body.distance < 0.01);
  const other = await compare(portrait('Ana'), portrait('Dora'));
  assert.notEqual(other.body.decision, 'same', other.text);
  assert.ok(other.body.distance > other.body.threshold);
  assert.ok(other.body.fmr > same.body.fmr);
  const none = await compare(portrait('Ana'), nobody());
  assert.equal(none.status, 422, none.text);
  assert.equal(none.body.field, 'second');
  const one = await admin.post('/api/v1/compare', { first: portrait('Ana').toString('base64') });
  assert.equal(one.body.code, 'no_image', one.text);
});

test('a photo marks the register, with who sent it', { skip: missing }, async () => {
  const photo = copy(portrait('Bea'), 3);
  const at = '2026-03-02T08:50:00Z';
  const first = await send(`/api/v1/mark?group_id=${group.id}&at=${at}`, photo);
  assert.equal(first.status, 200, first.text);
  assert.equal(first.body.written[0].person.name, 'Bea');
  assert.equal(first.body.written[0].already, false);
  assert.equal(Date.parse(first.body.written[0].at), Date.parse(at));
  const told = json(server.home, ['explain', first.body.written[0].sighting, '--json']);
  assert.equal(told.source, `user:${admin.me.user.id}`);
  const roll = json(server.home, ['roll', '--date', '2026-03-02', '--json']);
  assert.equal(roll.people.find((p) => p.person.name === 'Bea').status, 'present');
  const form = new FormData();
  form.set('at', '2026-03-02T09:50:00Z');
  form.set('session_id', first.body.written[0].session);
  form.set('image', new Blob([photo]), 'b.jpg');
  const again = await admin.request('POST', '/api/v1/mark', { body: form });
  assert.equal(again.status, 200, again.text);
  assert.equal(again.body.written[0].already, true);
});

test('what cannot be is not written', { skip: missing }, async () => {
  const bad = async (query, status) => {
    const answer = await send(`/api/v1/mark?${query}`, copy(portrait('Bea'), 4));
    assert.equal(answer.status, status, `${query}: ${answer.text}`);
  };
  await bad('at=2199-01-01T00:00:00Z', 400);
  await bad('at=soon', 400);
  await bad('session_id=nothing', 404);
  await bad(`session_id=x&group_id=${group.id}`, 400);
});
