// SPDX-License-Identifier: MIT
// StreakTrack devices and their viewers: the messages of both sides, as they send them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { json, ok } from './helpers.mjs';
import { serve } from './server.mjs';
import { connect } from './streak-client.mjs';

let server, admin;
before(async () => {
  server = await serve({ env: { ROLLCALL_LEGACY_OPEN: 'lan' } });
  admin = await server.administrator();
  ok(server.home, ['people', 'add', 'Ana', '--number', 'E-17']);
});
after(() => server.stop());

const socket = (query) => connect(server.base, `/api/ws${query}`);
const device = (name) => socket(`?deviceId=${name}&organizationId=o1&isHardware=true`);
const viewer = (name) => socket(`?isHardware=false&deviceId=${name}&organizationId=o1`);

test('refusals have their text and their close code', async () => {
  for (const [query, error, code] of [
    ['?organizationId=o&isHardware=true', 'Missing deviceId', 1003],
    ['?deviceId=D&isHardware=true', 'Missing organizationId', 1003],
    ['?deviceId=D&organizationId=o', 'Invalid connection parameters', 1002],
  ]) {
    const s = await socket(query);
    assert.equal(await s.next(), JSON.stringify({ error }));
    assert.equal(await s.closed, code);
  }
  const first = await device('D1');
  await first.next();
  const second = await device('D1');
  assert.equal(await second.next(), '{"error":"Device D1 is already connected."}');
  assert.equal(await second.closed, 1003);
  first.close();
  await first.closed;
});

test('a device gets the students at once, and its reports are marked once a day', async () => {
  const d = await device('D2'), v = await viewer('D2');
  const { students } = JSON.parse(await d.next());
  assert.equal(students.length, 1);
  const { _id: id, ...rest } = students[0];
  assert.deepEqual(rest, { name: 'Ana', enrollmentNo: 'E-17', images: [] });
  const now = new Date(), pad = (n) => String(n).padStart(2, '0');
  const timestamp = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())} ${pad(now.getHours())}:${pad(now.getMinutes())}:00`;
  const report = (type) => JSON.stringify({ type, student: { name: 'Ana', enrollmentNo: 'E-17', deviceId: 'D2', studentId: id, timestamp } });
  for (const message of [report('attendance'), report('attendance'), report('detected'), '{"type":"live_stream","frame":"/9j/4AAQ"}']) {
    d.send(message);
    assert.equal(await v.next(), message);
  }
  const roll = json(server.home, ['roll']);
  assert.equal(JSON.stringify(roll).match(/"(present|late)"/g)?.length > 0, true, JSON.stringify(roll));
  v.send('{"type":"start_stream","targetDeviceId":"D2"}');
  assert.equal(await d.next(), '{"type":"start_stream","targetDeviceId":"D2"}');
  v.send('{"type":"stop_stream","targetDeviceId":"D2"}');
  assert.equal(await d.next(), '{"type":"stop_stream","targetDeviceId":"D2"}');
  v.send('{"type":"start_stream","targetDeviceId":"D9"}');
  assert.equal(await v.next(), '{"error":"Device D9 is offline or not connected."}');
  d.close();
  await d.closed;
  const back = await device('D2');
  assert.ok(await back.next());
  back.close();
  v.close();
});

test('nobody from outside the opened network, and no wrong key', async () => {
  await assert.rejects(connect(server.base, '/api/ws?deviceId=D&organizationId=o&isHardware=true', { 'X-API-KEY': 'wrong' }), /401/);
  assert.ok(admin);
});
