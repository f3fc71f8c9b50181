// SPDX-License-Identifier: MIT
// Starts the small server of tests/support/net_server.c and speaks with it in raw bytes: what no
// well-behaved client would send.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { dirname, join } from 'node:path';
import { program } from './helpers.mjs';

export const serverProgram = process.env.ROLLCALL_NET_SERVER ?? join(dirname(program), 'tests/support/net_server');
export const missing = existsSync(serverProgram) ? false : `${serverProgram} is not built (meson -Dtests=true)`;

/** A running server: { port, tlsPort, url, child, stop(), counters }. Ends with the test. */
export async function serve(t, settings = {}, env = {}) {
  const child = spawn(serverProgram, Object.entries(settings).map(([k, v]) => `${k}=${v}`), {
    env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const server = { child, stderr: '', stdout: '' };
  child.stderr.on('data', (d) => (server.stderr += d));
  child.stdout.on('data', (d) => (server.stdout += d));
  server.exited = once(child, 'close').then(([status, signal]) => ({ status, signal }));
  const ports = env.NET_CERT || env.NET_SELF ? 2 : 1;
  while ((server.stdout.match(/port/g) ?? []).length < ports)
    await Promise.race([once(child.stdout, 'data'), server.exited.then(() => { throw new Error(server.stderr); })]);
  [server.port, server.tlsPort] = [...server.stdout.matchAll(/port (\d+)/g)].map((m) => +m[1]);
  server.url = `http://127.0.0.1:${server.port}`;
  /** Ends it; gives its counters. */
  server.stop = async () => {
    child.kill('SIGTERM');
    const end = await server.exited;
    if (end.status !== 0) throw new Error(`the server ended with ${end.status ?? end.signal}: ${server.stderr}`);
    return JSON.parse(server.stdout.trim().split('\n').at(-1));
  };
  t.after(() => child.kill('SIGKILL'));
  return server;
}

/** A TCP (or TLS) connection that collects what comes: { send, text, closed, until(pattern) }. */
export async function raw(server, { tls, ...options } = {}) {
  const socket = tls
    ? tlsConnect({ port: server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    : connect({ port: server.port, host: '127.0.0.1', ...options });
  const c = { socket, bytes: Buffer.alloc(0), closed: false, waiters: [] };
  const wake = () => c.waiters.splice(0).forEach((f) => f());
  socket.on('data', (d) => { c.bytes = Buffer.concat([c.bytes, d]); wake(); });
  socket.on('error', () => {});
  socket.on('end', () => { c.ended = true; wake(); });
  socket.on('close', () => { c.closed = true; wake(); });
  await once(socket, tls ? 'secureConnect' : 'connect');
  c.send = (data) => socket.write(data);
  Object.defineProperty(c, 'text', { get: () => c.bytes.toString('latin1') });
  c.wait = async (done) => {
    while (!done() && !c.closed) await new Promise((f) => c.waiters.push(f));
    return c;
  };
  c.until = async (pattern) => {
    await c.wait(() => pattern.test(c.text));
    if (!pattern.test(c.text)) throw new Error(`closed without ${pattern}: ${JSON.stringify(c.text.slice(0, 500))}`);
    return c.text;
  };
  c.end = () => c.wait(() => c.closed || c.ended);
  return c;
}

/** Sends bytes on a connection of its own and gives all that comes until the server closes it. */
export async function exchange(server, bytes, options) {
  const c = await raw(server, options);
  c.send(bytes);
  await c.end();
  c.socket.destroy();
  return c.text;
}

export const statusOf = (text) => +(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

/** One frame as a client sends it, masked. */
export function frame(opcode, payload = '', { fin = true, masked = true, rsv = 0 } = {}) {
  const data = Buffer.from(payload);
  const length = data.length < 126 ? Buffer.from([data.length])
    : data.length < 65536 ? Buffer.from([126, data.length >> 8, data.length & 255])
      : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), u32(data.length)]);
  const head = Buffer.concat([Buffer.from([(fin ? 128 : 0) | rsv | opcode]), length]);
  if (!masked) return Buffer.concat([head, data]);
  head[1] |= 128;
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, data.map((b, i) => b ^ mask[i % 4])]);
}

function u32(n) {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
}

/** A WebSocket by hand: { messages, close, send(text|bytes), next() }; closed by the test's server. */
export async function websocket(server, path, { headers = {}, tls, protocol } = {}) {
  const c = await raw(server, { tls });
  const key = randomBytes(16).toString('base64');
  const lines = Object.entries({ Host: '127.0.0.1', Upgrade: 'websocket', Connection: 'Upgrade',
    'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': 13,
    ...(protocol ? { 'Sec-WebSocket-Protocol': protocol } : {}), ...headers });
  c.send(`GET ${path} HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
  await c.until(/\r\n\r\n/);
  const ws = { c, head: c.text.slice(0, c.text.indexOf('\r\n\r\n') + 4), messages: [], pings: 0, close: null };
  ws.status = statusOf(ws.head);
  if (ws.status !== 101) return ws;
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  if (!ws.head.includes(`Sec-WebSocket-Accept: ${accept}\r\n`)) throw new Error(`wrong accept: ${ws.head}`);
  c.bytes = c.bytes.subarray(ws.head.length);
  const take = () => {
    for (let f; (f = parse(c.bytes)); ) {
      c.bytes = c.bytes.subarray(f.size);
      if (f.opcode === 8) ws.close = f.data.length >= 2 ? f.data.readUInt16BE() : 1005;
      else if (f.opcode === 9) ws.pings++;
      else if (f.opcode < 3) ws.messages.push(f.opcode === 1 ? f.data.toString() : f.data);
      else ws.pong = f.data.toString();
    }
  };
  ws.send = (data) => c.send(frame(typeof data === 'string' ? 1 : 2, data));
  ws.raw = (bytes) => c.send(bytes);
  ws.until = (done) => c.wait(() => { take(); return done(ws); }).then(() => { take(); return ws; });
  ws.next = async () => { await ws.until(() => ws.messages.length > 0); return ws.messages.shift(); };
  ws.ended = () => ws.until(() => ws.close !== null);
  return ws;
}

function parse(b) {
  if (b.length < 2) return null;
  let length = b[1] & 127, at = 2;
  if (length === 126) { if (b.length < 4) return null; length = b.readUInt16BE(2); at = 4; }
  if (length === 127) { if (b.length < 10) return null; length = Number(b.readBigUInt64BE(2)); at = 10; }
  if (b[1] & 128) throw new Error('a server must not mask');
  if (b.length < at + length) return null;
  return { opcode: b[0] & 15, fin: !!(b[0] & 128), data: b.subarray(at, at + length), size: at + length };
}

export const sleep = (ms) => new Promise((f) => setTimeout(f, ms));
