// SPDX-License-Identifier: MIT
// A kiosk: frames in, faces and names out, and a mark only after several looks.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { sleep, websocket } from './net-client.mjs';
import { Schemas } from './openapi.mjs';
import { crop, missing, nobody, people, withModels } from './photos.mjs';
import { serve } from './server.mjs';
import { noSqlite, somebody } from './staff.mjs';

let server, admin, group, schemas;
const dir = mkdtempSync(join(tmpdir(), 'rollcall-e2e-')), open = [];
// Ana, a little moved from frame to frame: a picture that stands still is not looked at again.
const frames = missing ? [] : ['208+176', '192+176', '176+176', '192+160', '208+160'].map((at) => crop(1, `464x560+${at}`));

before(async () => {
  server = await serve(missing ? {} : { env: withModels.env });
  if (!missing) json(server.home, ['import', people(join(dir, 'people'), ['Ana', 'Bea']), '--group', '3a', '--json'], withModels);
  admin = await server.administrator();
  group = (await admin.get('/api/v1/groups')).body.items[0]?.id ?? (await admin.post('/api/v1/groups', { name: '3a' })).body.id;
  schemas = new Schemas((await server.get('/api/v1/openapi.json')).body);
});
after(async () => {
  open.forEach((ws) => ws.c.socket.destroy());
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function kiosk(caller, query = '') {
  const url = new URL(server.base);
  const ws = await websocket({ port: url.port }, `/api/v1/kiosk${query}`, { headers: { Host: url.host, Origin: url.origin, ...caller.headers } });
  open.push(ws);
  if (ws.status !== 101) return ws;
  ws.take = async () => {
    const message = JSON.parse(await ws.next());
    assert.deepEqual(schemas.wrong({ $ref: '#/components/schemas/KioskMessage' }, message), []);
    return message;
  };
  ws.show = (frame) => { ws.send(frame); return ws.take(); };
  assert.equal((await ws.take()).type, 'hello');
  return ws;
}

test('only who may take the register of a group has a kiosk for it', { skip: noSqlite }, async () => {
  assert.equal((await kiosk(server)).status, 401);
  assert.equal((await kiosk(admin, '?group_id=none')).status, 404);
  const teacher = await somebody(server, 'teacher', { groups: [{ id: group, take: false }] });
  assert.equal((await kiosk(teacher)).status, 403);
  assert.equal((await kiosk(teacher, `?group_id=${group}`)).status, 403);
  assert.equal((await kiosk(await somebody(server, 'viewer'))).status, 403);
});

test('text is no frame', async () => {
  const ws = await kiosk(admin);
  ws.send('hello');
  await ws.ended();
  assert.equal(ws.close, 1003);
});

test('somebody is marked after several looks, and not by one', { skip: missing }, async () => {
  const ws = await kiosk(admin, `?group_id=${group}`);
  const first = await ws.show(frames[0]);
  assert.equal(first.faces.length, 1);
  assert.equal(first.faces[0].decision, null);
  assert.equal(first.written, false);
  let last = first;
  for (let i = 1; i < 60 && last.faces[0]?.decision !== 'match'; i++) {
    await sleep(150);
    last = await ws.show(frames[i % frames.length]);
  }
  assert.equal(last.faces[0].decision, 'match');
  assert.equal(last.faces[0].person.name, 'Ana');
  assert.equal(last.faces[0].outcome, 'marked');
  assert.equal(last.faces[0].track, first.faces[0].track);
  const roll = json(server.home, ['roll', '--group', '3a', '--json']).people;
  assert.deepEqual(roll.map((p) => [p.person.name, p.by !== null]), [['Ana', true], ['Bea', false]]);
});

test('a broken frame is told, and the next one is looked at', { skip: missing }, async () => {
  const ws = await kiosk(admin, `?group_id=${group}`);
  assert.equal((await ws.show(Buffer.from('no photo'))).code, 'bad_image');
  const empty = await ws.show(nobody());
  assert.deepEqual(empty.faces, []);
  assert.equal(empty.frame, 2);
});
