// SPDX-License-Identifier: MIT
// Runs the real program ($ROLLCALL, else build/rollcall) in a home folder of its own.
// A test file is tests/e2e/NAME.test.mjs; run one with `node --test tests/e2e/NAME.test.mjs`.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, chmodSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const program = resolve(process.env.ROLLCALL ?? join(root, 'build/rollcall'));
if (!existsSync(program)) throw new Error(`${program} is not there: build first, or set ROLLCALL`);

export const exit = { ok: 0, failed: 1, usage: 2, nothing: 3 };

/** A folder that is removed after the test. */
export function folder(t, prefix = 'rollcall-e2e-') {
  const path = mkdtempSync(join(tmpdir(), prefix));
  t.after(() => {
    openUp(path);
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

// What a test made read-only must not stay behind.
function openUp(path) {
  try {
    chmodSync(path, 0o700);
    for (const entry of readdirSync(path, { withFileTypes: true }))
      if (entry.isDirectory()) openUp(join(path, entry.name));
  } catch {
    // Gone already.
  }
}

/** The environment of a run: nothing of the machine's own settings. */
export function environment(home, extra = {}) {
  const kept = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(ROLLCALL|LC_|LANG|NO_COLOR|TERM$)/.test(name)),
  );
  return { ...kept, LC_ALL: 'C.UTF-8', TERM: 'dumb', TZ: 'UTC', ROLLCALL: program,
    ...(home ? { ROLLCALL_HOME: home } : {}), ...extra };
}

/** Runs the program to its end: { status, signal, stdout, stderr }. */
export function run(home, args, { env = {}, input = '', cwd, timeout = 120_000 } = {}) {
  const result = spawnSync(program, args, {
    env: environment(home, env), input, cwd, timeout, encoding: 'utf8', maxBuffer: 1 << 28,
  });
  if (result.error) throw result.error;
  return result;
}

/** Runs a bash script in which "$ROLLCALL" is the program: for pipes, limits and bytes that are no UTF-8. */
export function shell(home, script, { env = {}, input = '', cwd } = {}) {
  const result = spawnSync('bash', ['-c', script], {
    env: environment(home, env), input, cwd, timeout: 120_000, encoding: 'utf8', maxBuffer: 1 << 28,
  });
  if (result.error) throw result.error;
  return result;
}

/** Starts the program and leaves it running; the caller waits and kills. */
export function start(home, args, { env = {}, cwd } = {}) {
  return spawn(program, args, { env: environment(home, env), cwd, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Runs the program on a terminal of its own (script(1)): what it shows there, both streams together. */
export function terminal(home, args, { env = {}, columns = 80, input = '' } = {}) {
  const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const result = spawnSync('script', ['-qec', `stty cols ${columns} 2>/dev/null; ${quoted}`, '/dev/null'], {
    env: environment(home, { TERM: 'xterm-256color', ...env }), input, timeout: 120_000, encoding: 'utf8',
  });
  if (result.error) throw result.error;
  return { status: result.status, text: result.stdout.replaceAll('\r\n', '\n') };
}

/** It worked and had nothing to complain about. Gives its stdout. */
export function ok(home, args, options) {
  const r = run(home, args, options);
  assert.equal(r.stderr, '', `rollcall ${args.join(' ')}`);
  assert.equal(r.status, exit.ok, `rollcall ${args.join(' ')}`);
  return r.stdout;
}

/** It worked with --json and printed exactly one document. Gives it. */
export function json(home, args, options) {
  return JSON.parse(ok(home, [...args, '--json'], options));
}

/** A failure as the contract has it: one line on stderr, nothing on stdout. Gives the line. */
export function failed(result, status, pattern) {
  assert.equal(result.signal, null);
  assert.match(result.stderr, /^rollcall: [^\n]+\n$/);
  assert.equal(result.stdout, '');
  assert.equal(result.status, status, result.stderr);
  if (pattern) assert.match(result.stderr, pattern);
  return result.stderr;
}

/** Runs, and holds the result against failed(). */
export function fails(home, args, status, pattern, options) {
  return failed(run(home, args, options), status, pattern);
}

/** The folder with the face models, or null: then skip, and say so. */
export function models() {
  for (const path of [process.env.ROLLCALL_MODELS, join(root, 'build/models')])
    if (path && existsSync(join(path, 'face_recognition_model-weights_manifest.json'))) return resolve(path);
  return null;
}

/** The names of all commands, from the completion script's own source: the overview. */
export function commandNames() {
  return run(null, ['help']).stdout.split('\n')
    .map((line) => /^ {2}([a-z]+) {2,}\S/.exec(line)?.[1]).filter(Boolean);
}

export function isRoot() {
  return process.getuid?.() === 0;
}
