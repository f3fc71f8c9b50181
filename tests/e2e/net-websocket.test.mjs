// SPDX-License-Identifier: MIT
// WebSocket as clients and enemies speak it, against the small server of
// tests/support/net_server.c. HTTP: net.test.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, missing, raw, serve, sleep, websocket } from './net-client.mjs';

const skip = missing;

test('messages go both ways, of every length', { skip }, async (t) => {
  const server = await serve(t);
  const ws = await websocket(server, '/echo');
  assert.equal(await ws.next(), 'welcome');
  for (const length of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
    ws.send('y'.repeat(length));
    assert.equal((await ws.next()).length, length);
    ws.send(Buffer.alloc(length, 7));
    assert.deepEqual(await ws.next(), Buffer.alloc(length, 7));
  }
  ws.send('bye');
  await ws.ended();
  assert.equal(ws.close, 4001);
  ws.c.socket.destroy();
  const counters = await server.stop();
  assert.deepEqual([counters.channels, counters.closes], [0, 1]);
});

test('many messages keep their order', { skip }, async (t) => {
  const server = await serve(t, { workers: 4 });
  const ws = await websocket(server, '/echo');
  await ws.next();
  for (let i = 0; i < 5000; i++) ws.send(`m${i}`);
  await ws.until((w) => w.messages.length === 5000);
  assert.deepEqual(ws.messages, Array.from({ length: 5000 }, (_, i) => `m${i}`));
});

test('fragments, pings between them, and text that is cut within a letter', { skip }, async (t) => {
  const server = await serve(t);
  const ws = await websocket(server, '/echo');
  await ws.next();
  const text = Buffer.from('Jürgen');
  ws.raw(frame(1, text.subarray(0, 2), { fin: false }));
  ws.raw(frame(9, 'hey'));
  ws.raw(frame(0, text.subarray(2, 4), { fin: false }));
  ws.raw(frame(0, text.subarray(4)));
  assert.equal(await ws.next(), 'Jürgen');
  assert.equal(ws.pong, 'hey');
  for (const byte of frame(1, 'slowly')) {
    ws.raw(Buffer.from([byte]));
    await sleep(2);
  }
  assert.equal(await ws.next(), 'slowly');
});

// 1005: closed without a code, which is wslay's answer to a broken frame.
const broken = {
  'an unmasked frame': [frame(1, 'x', { masked: false }), 1002],
  'a reserved bit': [frame(1, 'x', { rsv: 64 }), 1002],
  'an unknown opcode': [frame(3, 'x'), 1002],
  'a continuation of nothing': [frame(0, 'x'), 1002],
  'a message within a message': [Buffer.concat([frame(1, 'x', { fin: false }), frame(1, 'y')]), 1002],
  'a long ping': [frame(9, 'x'.repeat(126)), 1005],
  'a ping in pieces': [frame(9, 'x', { fin: false }), 1005],
  'text that is not UTF-8': [frame(1, Buffer.from([0xff, 0xfe])), 1007],
  'a message that is too large': [frame(2, Buffer.alloc((1 << 20) + 1)), 1009],
  'too large in pieces': [Buffer.concat([frame(2, Buffer.alloc(1 << 19), { fin: false }), frame(0, Buffer.alloc(1 << 19), { fin: false }), frame(0, 'x')]), 1009],
  'too large by its own account': [Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5]), 1009],
};
for (const [what, [bytes, code]] of Object.entries(broken)) {
  test(`${what} ends with ${code}`, { skip }, async (t) => {
    const server = await serve(t);
    const ws = await websocket(server, '/echo');
    await ws.next();
    ws.raw(bytes);
    await ws.ended();
    assert.equal(ws.close, code);
    ws.c.socket.destroy();
    assert.equal((await server.stop()).closes, 1);
  });
}

test('a handshake that is none is answered as HTTP', { skip }, async (t) => {
  const server = await serve(t);
  assert.equal((await fetch(`${server.url}/echo`)).status, 426);
  assert.equal((await websocket(server, '/echo', { headers: { 'Sec-WebSocket-Version': 8 } })).status, 426);
  assert.equal((await websocket(server, '/echo', { headers: { 'Sec-WebSocket-Key': 'short' } })).status, 400);
  assert.equal((await websocket(server, '/nothing')).status, 404);
  const refused = await websocket(server, '/echo?refuse=1');
  assert.equal(refused.status, 403);
  await refused.c.until(/"code":"refused"/);
  assert.equal((await server.stop()).closes, 0, 'what was not opened is not closed');
});

test('pages of other origins may not open sockets', { skip }, async (t) => {
  const server = await serve(t);
  const from = async (Origin) => (await websocket(server, '/echo', { headers: { Origin } })).status;
  assert.equal(await from('https://evil.example'), 403);
  assert.equal(await from('null'), 403);
  assert.equal(await from('http://127.0.0.1'), 101);
  assert.equal(await from('https://school.example'), 101);
});

test('what open sends comes first, then its close', { skip }, async (t) => {
  const server = await serve(t);
  const ws = await websocket(server, '/echo?end=1', { protocol: 'other, rollcall.v1' });
  assert.match(ws.head, /Sec-WebSocket-Protocol: rollcall\.v1\r\n/);
  await ws.ended();
  assert.deepEqual([ws.messages, ws.close], [['welcome'], 1003]);
});

test('frames sent together with the handshake are not lost', { skip }, async (t) => {
  const server = await serve(t);
  const c = await raw(server);
  c.send(Buffer.concat([Buffer.from('GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'), frame(1, 'early')]));
  await c.until(/Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=[\s\S]*welcome[\s\S]*early/);
  c.socket.destroy();
});

test('a client that vanishes is noticed', { skip }, async (t) => {
  const server = await serve(t);
  const ws = await websocket(server, '/echo');
  await ws.next();
  ws.c.socket.resetAndDestroy();
  const other = await websocket(server, '/echo');
  await other.next();
  other.raw(frame(8, Buffer.from([3, 232])));
  await other.ended();
  assert.equal(other.close, 1000);
  const counters = await server.stop();
  assert.deepEqual([counters.channels, counters.closes], [0, 2]);
});

test('a silent client is pinged, then closed', { skip }, async (t) => {
  const server = await serve(t);
  const silent = await websocket(server, '/idle');
  const talking = await websocket(server, '/idle');
  const talk = setInterval(() => talking.send('x'), 300);
  await silent.until(() => silent.c.closed || silent.c.ended);
  clearInterval(talk);
  assert.ok(silent.pings >= 1);
  assert.equal(talking.c.closed, false);
  talking.c.socket.destroy();
  assert.equal((await server.stop()).timeouts, 1);
});

test('a client that never reads is closed with 1013, or loses the oldest', { skip }, async (t) => {
  const server = await serve(t, { workers: 2 });
  for (const [path, closes] of [['/flood-close', true], ['/flood-drop', false]]) {
    const ws = await websocket(server, path);
    ws.c.socket.pause();
    ws.send('go');
    // Others are served meanwhile.
    for (let i = 0; i < 5; i++) assert.equal((await fetch(`${server.url}/hello`)).status, 200);
    await sleep(500);
    ws.c.socket.resume();
    if (closes) {
      await ws.until(() => ws.close !== null || ws.c.closed || ws.c.ended);
      assert.ok(ws.close === 1013 || ws.close === null);
      assert.ok(ws.messages.length < 40000);
    } else {
      await ws.until((w) => w.messages.at(-1) === 'last');
      assert.ok(ws.messages.length < 40000, 'some are gone');
      assert.ok(ws.messages.slice(0, -1).every((m) => m.length === 1024), 'whole ones');
    }
    ws.c.socket.destroy();
  }
  const counters = await server.stop();
  assert.ok(counters.dropped > 0);
});

test('of live frames the newest waits, others are passed over', { skip }, async (t) => {
  const server = await serve(t);
  const ws = await websocket(server, '/newest');
  for (let i = 0; i < 100; i++) ws.send(`frame ${i}`);
  await ws.until((w) => w.messages.at(-1) === 'frame 99');
  assert.ok(ws.messages.length < 20, `${ws.messages.length} were looked at`);
  const waiting = await websocket(server, '/wait');
  for (let i = 0; i < 40; i++) waiting.send(`frame ${i}`);
  await waiting.until((w) => w.messages.length === 40);
  assert.equal(waiting.messages.at(-1), 'frame 39');
});

test('SIGTERM closes with 1001', { skip }, async (t) => {
  const server = await serve(t);
  const ws = await websocket(server, '/echo');
  await ws.next();
  const stopped = server.stop();
  await ws.ended();
  assert.equal(ws.close, 1001);
  ws.raw(frame(8, Buffer.from([3, 233])));
  assert.equal((await stopped).closes, 1);
});

test('hundreds at once', { skip }, async (t) => {
  const server = await serve(t);
  const all = await Promise.all(Array.from({ length: 500 }, () => websocket(server, '/echo')));
  await Promise.all(all.map(async (ws, i) => {
    if (ws.status === 503) return;
    assert.equal(await ws.next(), 'welcome');
    ws.send(`n${i}`);
    assert.equal(await ws.next(), `n${i}`);
  }));
  assert.ok(all.filter((ws) => ws.status === 101).length >= 100);
  all.forEach((ws) => ws.c.socket.destroy());
  const counters = await server.stop();
  assert.equal(counters.closes, all.filter((ws) => ws.status === 101).length);
});
