// SPDX-License-Identifier: MIT
// What happens, as it happens, over WebSocket: resumed where it stopped, and only what one may see.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { websocket } from './net-client.mjs';
import { Schemas } from './openapi.mjs';
import { serve } from './server.mjs';
import { noSqlite, somebody } from './staff.mjs';

let server, admin, group, other, schemas;
const open = [];

before(async () => {
  server = await serve();
  admin = await server.administrator();
  schemas = new Schemas((await server.get('/api/v1/openapi.json')).body);
  [group, other] = await Promise.all(['3a', '3b'].map(async (name) => (await admin.post('/api/v1/groups', { name })).body.id));
});
after(async () => {
  open.forEach((ws) => ws.c.socket.destroy());
  await server.stop();
});

async function follow(caller, query = '') {
  const url = new URL(server.base);
  const ws = await websocket({ port: url.port }, `/api/v1/live${query}`, { headers: { Host: url.host, Origin: url.origin, ...caller.headers } });
  open.push(ws);
  if (ws.status !== 101) return ws;
  ws.take = async () => {
    const message = JSON.parse(await ws.next());
    assert.deepEqual(schemas.wrong({ $ref: '#/components/schemas/LiveMessage' }, message), []);
    return message;
  };
  ws.hello = await ws.take();
  assert.equal(ws.hello.type, 'hello');
  return ws;
}
const day = (n) => `2026-03-${String(n).padStart(2, '0')}`;
const register = async (id, n) => (await admin.post('/api/v1/sessions', { group_id: id, day: day(n) })).body.id;

test('what is committed is told, whoever wrote it', async () => {
  const ws = await follow(admin);
  const id = await register(group, 1);
  const { events, seq } = await ws.take();
  assert.deepEqual(events.map((e) => [e.kind, e.subject, e.group_id]), [['register', id, group]]);
  assert.equal(seq, ws.hello.seq + 1);
  json(server.home, ['roll', '--date', day(1), '--group', '3a', '--close', '--json']);
  assert.deepEqual((await ws.take()).events.map((e) => [e.kind, e.subject]), [['register', id]]);
});

test('a follower goes on where it stopped', async () => {
  const ws = await follow(admin);
  ws.c.socket.destroy();
  const ids = [await register(group, 2), await register(group, 3)];
  const again = await follow(admin, `?since=${ws.hello.seq}`);
  const told = [];
  while (told.length < 2) told.push(...(await again.take()).events);
  assert.deepEqual(told.map((e) => e.subject), ids);
  assert.deepEqual(told.map((e) => e.seq), [ws.hello.seq + 1, ws.hello.seq + 2]);
});

test('who was away too long is told that there is a gap', async () => {
  const ws = await follow(admin, '?since=1000000');
  assert.equal((await ws.take()).type, 'gap');
  assert.equal((await follow(admin, '?since=x')).status, 400);
});

test('nobody follows without a sign-in, or from another page', async () => {
  assert.equal((await follow(server)).status, 401);
  const foreign = Object.assign(Object.create(admin), { headers: { ...admin.headers, Origin: 'https://evil.example' } });
  assert.equal((await follow(foreign)).status, 403);
});

test('a teacher hears of the own groups only', { skip: noSqlite }, async () => {
  const teacher = await follow(await somebody(server, 'teacher', { groups: [{ id: group }] }));
  await register(other, 4);
  const mine = await register(group, 4);
  assert.deepEqual((await teacher.take()).events.map((e) => e.subject), [mine]);
});
