// SPDX-License-Identifier: MIT
// What src/net costs, on the small server of tests/support/net_server.c with the client on the
// same machine: memory of idle WebSockets (--tls too), and requests a second on a kept connection.
// Usage: node bench/net.mjs [--sockets N] [--seconds S]     (build with -Dtests=true first)
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const option = (name, value) => (process.argv.includes(name) ? +process.argv[process.argv.indexOf(name) + 1] : value);
const sockets = option('--sockets', 10000), seconds = option('--seconds', 5);
const program = process.env.ROLLCALL_NET_SERVER ?? join(root, 'build/tests/support/net_server');
const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
const cert = join(folder, 'cert.pem'), key = join(folder, 'key.pem');
spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost']);

const sleep = (ms) => new Promise((f) => setTimeout(f, ms));
const percentile = (list, p) => list.sort((a, b) => a - b)[Math.floor((list.length - 1) * p)];

async function serve() {
  const child = spawn(program, ['queue_max=1024'], { env: { ...process.env, NET_CERT: cert, NET_KEY: key }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (d) => (text += d));
  while ((text.match(/port/g) ?? []).length < 2) await once(child.stdout, 'data');
  const [port, tlsPort] = [...text.matchAll(/port (\d+)/g)].map((m) => +m[1]);
  const status = () => readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return { child, port, tlsPort, rss: () => +/VmRSS:\s+(\d+)/.exec(status())[1] / 1024,
    cpu: () => { const f = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' '); return (+f[11] + +f[12]) / 100; } };
}

const hello = 'GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

function device(server, tls) {
  return new Promise((resolve, reject) => {
    const s = tls ? tlsConnect({ port: server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(server.port, '127.0.0.1');
    s.on('error', reject);
    s.once(tls ? 'secureConnect' : 'connect', () => s.write(hello));
    let text = '';
    s.on('data', function first(d) {
      text += d.toString('latin1');
      if (!text.includes('welcome')) return;
      s.off('data', first);
      s.resume();
      resolve(s);
    });
  });
}

/** Round trips of /hello on one connection for so many milliseconds: their times. */
async function hellos(server, ms) {
  const s = connect(server.port, '127.0.0.1');
  s.setNoDelay(true);
  await once(s, 'connect');
  const times = [], end = performance.now() + ms;
  while (performance.now() < end) {
    const begin = performance.now();
    s.write('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let text = ''; !text.endsWith('hello\n');) text += (await once(s, 'data'))[0];
    times.push(performance.now() - begin);
  }
  s.destroy();
  return times;
}

async function idle(tls) {
  const server = await serve();
  const before = server.rss(), all = [];
  for (let i = 0; i < sockets; i += 100) all.push(...await Promise.all(Array.from({ length: Math.min(100, sockets - i) }, () => device(server, tls))));
  await sleep(2000);
  const rss = server.rss(), cpu = server.cpu();
  await sleep(5000);
  const spent = (server.cpu() - cpu) / 5;
  const times = await hellos(server, seconds * 1000);
  console.log(`${all.length} idle WebSockets${tls ? ' over TLS' : ''}: ${rss.toFixed(0)} MB (${((rss - before) * 1024 / all.length).toFixed(1)} kB each), ` +
    `${(spent * 100).toFixed(1)} % of a core; GET /hello meanwhile: median ${percentile(times, 0.5).toFixed(3)} ms, p95 ${percentile(times, 0.95).toFixed(3)} ms`);
  all.forEach((s) => s.destroy());
  server.child.kill('SIGKILL');
}

async function throughput() {
  const server = await serve();
  const begin = performance.now();
  const lists = await Promise.all(Array.from({ length: 32 }, () => hellos(server, seconds * 1000)));
  const times = lists.flat(), took = (performance.now() - begin) / 1000;
  console.log(`32 connections: ${(times.length / took).toFixed(0)} requests/s, median ${percentile(times, 0.5).toFixed(2)} ms, p95 ${percentile(times, 0.95).toFixed(2)} ms (the client in node is the slower half)`);
  server.child.kill('SIGKILL');
}

try {
  await throughput();
  await idle(false);
  await idle(true);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
