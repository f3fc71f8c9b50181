// SPDX-License-Identifier: MIT
// Many clients at once that do anything: whole, cut, changed and mixed-up requests of HTTP/1.1,
// HTTP/2 and WebSocket, in pieces of any size, that read or do not, that leave or vanish. The server
// lives, gives everything back, and ends as it should. NET_SOAK_SECONDS (3) and NET_SOAK_SEED.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { frame, missing, serve, sleep } from './net-client.mjs';

const seconds = +(process.env.NET_SOAK_SECONDS ?? 3), clients = 40;

/** Numbers that come again with the same seed (xorshift32): below(n) is 0 to n - 1. */
function numbers(seed) {
  let x = seed >>> 0 || 1;
  const next = () => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return x >>> 0; };
  const below = (n) => next() % n;
  return { below, pick: (list) => list[below(list.length)], bytes: (n) => Buffer.from(Array.from({ length: n }, () => below(256))) };
}

const paths = ['/hello', '/now', '/show?a=1', '/things/7', '/files/a/b', '/slow?ms=20', '/big?bytes=3000000', '/asset', '/fail', '/cookie', '/limited', '/key', '/nothing'];
const channels = ['/echo', '/newest', '/wait', '/flood-close', '/flood-drop', '/idle', '/echo?end=1', '/echo?refuse=1'];
const extras = ['', 'Range: bytes=5-\r\n', 'Expect: 100-continue\r\n', 'Connection: close\r\n', 'If-None-Match: *\r\n', 'Origin: https://school.example\r\n'];

const plain = (r) => Array.from({ length: 1 + r.below(5) }, () => `GET ${r.pick(paths)} HTTP/1.1\r\nHost: x\r\n${r.pick(extras)}\r\n`);

function body(r) {
  const n = r.below(3000);
  const type = r.pick(['application/json', 'multipart/form-data; boundary=b', 'application/x-www-form-urlencoded', 'a/b']);
  return [`POST ${r.pick(['/show', '/json', '/form', '/things/1'])} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${n}\r\n\r\n`,
    r.bytes(Math.max(0, n - r.below(2) * 10))];
}

function chunks(r) {
  const parts = ['POST /show HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'];
  for (let i = r.below(5); i > 0; i--) {
    const n = 1 + r.below(300);
    parts.push(`${n.toString(16)}\r\n`, r.bytes(n), '\r\n');
  }
  return [...parts, '0\r\n\r\n'];
}

function messages(r) {
  const parts = [`GET ${r.pick(channels)} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'];
  for (let i = r.below(30); i > 0; i--) parts.push(frame(r.pick([1, 2, 0, 8, 9, 10, 3]), 'x'.repeat(r.below(300)), { fin: r.below(4) > 0 }));
  return parts;
}

function h2frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function streams(r) {
  const parts = ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', h2frame(4, 0, 0, Buffer.alloc(0))];
  let stream = 1;
  for (let i = r.below(20); i > 0; i--) {
    const path = r.pick(paths), old = Math.max(1, stream - 2);
    // :method GET or POST, :scheme http, :path, :authority x (RFC 7541).
    const head = Buffer.from([r.pick([0x82, 0x83]), 0x86, 0x04, path.length, ...Buffer.from(path), 0x41, 1, 0x78]);
    parts.push(r.pick([() => h2frame(1, r.pick([4, 5]), (stream += 2) - 2, head), () => h2frame(0, r.below(2), old, r.bytes(r.below(2000))),
      () => h2frame(3, 0, old, Buffer.alloc(4)), () => h2frame(8, 0, 0, Buffer.from([0, 0, 255, 255]))])());
  }
  return parts;
}

function script(r) {
  const bytes = Buffer.concat(r.pick([plain, body, chunks, messages, streams])(r).map((p) => Buffer.from(p)));
  for (let i = r.below(4) - 1; i > 0; i--) bytes[r.below(bytes.length)] = r.below(256);
  return bytes;
}

async function client(server, r) {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  if (r.below(4) > 0) socket.resume();
  const bytes = script(r);
  for (let at = 0; at < bytes.length && !socket.destroyed; ) {
    const n = 1 + r.below(r.pick([3, 100, 5000]));
    socket.write(bytes.subarray(at, at + n));
    at += n;
    if (r.below(3) === 0) await sleep(r.below(5));
  }
  await sleep(r.below(60));
  if (r.below(3) === 0) socket.resetAndDestroy();
  else if (r.below(2) === 0) socket.destroy();
  else socket.end();
  await sleep(r.below(20));
  socket.destroy();
}

test('clients that do anything leave nothing behind', { skip: missing }, async (t) => {
  const seed = +(process.env.NET_SOAK_SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`seed ${seed}`);
  const server = await serve(t, { workers: 3, queue_max: 16, head_timeout_s: 1, body_timeout_s: 1, write_timeout_s: 1, idle_timeout_s: 2 });
  const end = Date.now() + seconds * 1000;
  await Promise.all(Array.from({ length: clients }, async (_, i) => {
    for (let k = 0; Date.now() < end; k++) await client(server, numbers(seed + i * 7919 + k * 104729));
  }));
  let text = '';
  while (text !== 'hello\n') text = await (await fetch(`${server.url}/hello`)).text(); // perhaps busy for a moment
  const counters = await server.stop();
  assert.deepEqual([counters.connections, counters.channels, counters.body_bytes], [0, 0, 0]);
  assert.ok(counters.requests > 100);
});
