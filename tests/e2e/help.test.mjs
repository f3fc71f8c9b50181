// SPDX-License-Identifier: MIT
// Man pages and completion scripts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandNames, environment, exit, fails, folder, ok, program, root } from './helpers.mjs';

const has = (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

test('every page is clean roff', { skip: has('mandoc') ? false : 'mandoc is not installed' }, () => {
  for (const args of [[], ...commandNames().map((name) => [name])]) {
    const page = ok(null, ['help', '--man', ...args]);
    const lint = spawnSync('mandoc', ['-Tlint', '-Wwarning'], { input: page, encoding: 'utf8' });
    assert.equal(lint.stdout, '', args.join());
  }
});

test('a page says what the help says', () => {
  const page = ok(null, ['help', '--man', 'roll']);
  assert.match(page, /^\.TH ROLLCALL\\-ROLL 1 /m);
  for (const section of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO'])
    assert.match(page, new RegExp(`^\\.SH ${section}$`, 'm'));
  assert.match(page, /\\-\\-close/);
  assert.match(ok(null, ['help', '--man']), /^\.SH ENVIRONMENT$/m);
});

test('the build installs a page a command', () => {
  const build = readFileSync(join(root, 'man/meson.build'), 'utf8');
  const listed = [...build.match(/page_names = \[([^\]]*)\]/)[1].matchAll(/'([a-z]+)'/g)].map((m) => m[1]);
  assert.deepEqual(listed, commandNames().sort());
});

test('unknown shells are refused', () => {
  fails(null, ['completion', 'tcsh'], exit.usage, /one of bash\|zsh\|fish/);
  fails(null, ['completion'], exit.usage, /something is missing/);
});

test('the scripts are well-formed', (t) => {
  const base = folder(t);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = ok(null, ['completion', shell]);
    for (const name of commandNames()) assert.ok(script.includes(name), `${shell}: ${name}`);
    if (!has(shell)) continue;
    const file = join(base, shell);
    writeFileSync(file, script);
    const check = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    assert.equal(check.stderr, '', shell);
    assert.equal(check.status, 0, shell);
  }
});

/** What bash would offer for a line; the last word is the one being typed. */
function bash(home, line, cwd) {
  const words = line.map((w) => `'${w.replaceAll("'", `'\\''`)}'`).join(' ');
  const script = `source <("$ROLLCALL" completion bash); COMP_WORDS=("$ROLLCALL" ${words});
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _rollcall; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const r = spawnSync('bash', ['-c', script], { env: environment(home), encoding: 'utf8', cwd });
  assert.equal(r.stderr, '');
  return r.stdout.split('\n').filter(Boolean);
}

function school(t) {
  const home = join(folder(t), 'home');
  for (const group of ['7b', '7c', 'Choir at noon']) ok(home, ['groups', 'add', group]);
  for (const name of ['Ada Lovelace', 'José Núñez', "Miles O'Brien"]) ok(home, ['people', 'add', name]);
  return home;
}

test('bash completes commands, verbs, options and choices', (t) => {
  const home = school(t);
  assert.deepEqual(bash(home, ['']).sort(), commandNames().sort());
  assert.deepEqual(bash(home, ['peo']), ['people']);
  assert.deepEqual(bash(home, ['people', 're']), ['rename', 'remove']);
  assert.deepEqual(bash(home, ['roll', '--cl']), ['--close']);
  assert.deepEqual(bash(home, ['--hom']), ['--home']);
  assert.deepEqual(bash(home, ['roll', '--format', '']), ['table', 'json', 'csv', 'xlsx']);
  assert.deepEqual(bash(home, ['roll', '--format', '=', 'c']), ['csv']);
  assert.deepEqual(bash(home, ['--threads', '2', '--json', 'expo']), ['export']);
  assert.deepEqual(bash(home, ['export', 'm']), ['marks']);
  assert.deepEqual(bash(home, ['settings', 'set', 'co']), ['cooldown']);
  assert.deepEqual(bash(home, ['help', 'doc']), ['doctor']);
  assert.deepEqual(bash(home, ['completion', '']), ['bash', 'zsh', 'fish']);
  assert.deepEqual(bash(home, ['doctor', '']), []);
});

test('bash completes groups and people as they are now', (t) => {
  const home = school(t);
  assert.deepEqual(bash(home, ['roll', '--group', '7']), ['7b', '7c']);
  assert.deepEqual(bash(home, ['roll', '-g', '']), ['7b', '7c', 'Choir\\ at\\ noon']);
  assert.deepEqual(bash(home, ['roll', '--group', 'choir\\ a']), ['Choir\\ at\\ noon']);
  assert.deepEqual(bash(home, ['roll', '--group', "'Ch"]), ['Choir at noon']);
  assert.deepEqual(bash(home, ['people', 'show', 'ada']), ['Ada\\ Lovelace']);
  assert.deepEqual(bash(home, ['people', 'show', 'Ada', '']), []);
  assert.deepEqual(bash(home, ['people', 'remove', 'mil']), ["Miles\\ O\\'Brien"]);
  assert.deepEqual(bash(null, ['--home', home, 'people', 'show', 'ada']), ['Ada\\ Lovelace']);
  assert.deepEqual(bash(join(home, 'none'), ['roll', '-g', '']), []);
});

test('bash completes files and folders', (t) => {
  const home = school(t), cwd = folder(t);
  writeFileSync(join(cwd, 'register one.csv'), '');
  mkdirSync(join(cwd, 'reports'));
  assert.deepEqual(bash(home, ['roll', '-o', 're'], cwd).sort(), ['register one.csv', 'reports']);
  assert.deepEqual(bash(home, ['--home', 're'], cwd), ['reports']);
});

test('fish completes', { skip: has('fish') ? false : 'fish is not installed' }, (t) => {
  const home = school(t), bin = folder(t);
  symlinkSync(program, join(bin, 'rollcall'));
  const env = environment(home, { PATH: `${bin}:${process.env.PATH}`, HOME: bin });
  const fish = (line) => {
    const r = spawnSync('fish', ['-c', `rollcall completion fish | source; complete -C '${line}'`], { env, encoding: 'utf8' });
    return r.stdout.split('\n').filter(Boolean).map((row) => row.split('\t')[0]);
  };
  assert.deepEqual(fish('rollcall peo'), ['people']);
  assert.deepEqual(fish('rollcall people re').sort(), ['remove', 'rename']);
  assert.deepEqual(fish('rollcall roll --group 7').sort(), ['7b', '7c']);
  assert.deepEqual(fish('rollcall people show Ad'), ['Ada Lovelace']);
  assert.deepEqual(fish('rollcall roll --format c'), ['csv']);
});
