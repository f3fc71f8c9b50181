// SPDX-License-Identifier: MIT
// The frame: help, usage errors, the output that cannot be written, the config file.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandNames, exit, failed, fails, folder, json, ok, run, shell, terminal } from './helpers.mjs';

test('--version prints name and version', () => {
  assert.match(ok(null, ['--version']), /^rollcall \d+\.\d+\.\d+\n$/);
  assert.match(ok(null, ['people', '-V']), /^rollcall \d/);
  assert.equal(json(null, ['--version']).name, 'rollcall');
});

test('without a command the overview is printed, and it is wrong usage', () => {
  const r = run(null, []);
  assert.equal(r.status, exit.usage);
  assert.equal(r.stderr, '');
  assert.equal(r.stdout, ok(null, ['help']));
  assert.equal(r.stdout, ok(null, ['--help']));
  fails(null, ['--json'], exit.usage, /no command/);
});

test('every command has a page, an example and a place in the overview', () => {
  const names = commandNames();
  for (const wanted of ['people', 'groups', 'roll', 'export', 'settings', 'doctor', 'help', 'completion'])
    assert.ok(names.includes(wanted), wanted);
  const listed = run(null, ['completion', 'bash']).stdout.match(/^\t::\*\) echo '(.*)' ;;$/m)[1].split('|');
  assert.deepEqual([...names].sort(), [...listed].sort());
  for (const name of names) {
    const page = ok(null, ['help', name]);
    assert.ok(page.startsWith(`Usage: rollcall ${name}`), name);
    assert.match(page, /\nExamples\n {2}\$ /, name);
    assert.match(page, /--home DIR/, name);
    assert.equal(ok(null, [name, '--help']), page, name);
    for (const line of page.split('\n')) assert.ok([...line].length <= 80, `${name}: ${line}`);
  }
});

test('a page fits a narrow terminal and is plain ASCII where the locale is', () => {
  const page = ok(null, ['help', 'people'], { env: { LC_ALL: 'C' } });
  // eslint-disable-next-line no-control-regex
  assert.match(page, /^[\x00-\x7f]*$/);
  assert.match(page, /\[VERB \.\.\.\]/);
  const narrow = terminal(null, ['help', 'people'], { columns: 50, env: { NO_COLOR: '1' } });
  for (const line of narrow.text.split('\n'))
    if (!line.includes('$') && !line.includes('people ')) assert.ok([...line].length <= 50, line);
});

test('help is bold on a terminal only, and never with NO_COLOR', () => {
  assert.ok(terminal(null, ['help']).text.includes('\x1b[1m'));
  assert.ok(!terminal(null, ['help'], { env: { NO_COLOR: '1' } }).text.includes('\x1b'));
  assert.ok(!ok(null, ['help']).includes('\x1b'));
});

test('unknown words name the nearest known one', () => {
  fails(null, ['pople'], exit.usage, /unknown command 'pople': did you mean 'people'\?/);
  fails(null, ['frobnicate'], exit.usage, /unknown command 'frobnicate'/);
  fails(null, ['help', 'rol'], exit.usage, /did you mean 'roll'\?/);
  fails(null, ['--jsn', 'people'], exit.usage, /unknown option '--jsn': did you mean '--json'\?/);
  fails(null, ['roll', '--grop', '7b'], exit.usage, /did you mean '--group'\?.*rollcall help roll/);
  fails(null, ['people', 'ad', 'x'], exit.usage, /did you mean 'add'\?/);
  fails(null, ['roll', '-x'], exit.usage, /unknown option '-x'/);
});

test('options are checked strictly', () => {
  fails(null, ['--threads', 'x', 'people'], exit.usage, /whole number from 0 to \d+, not 'x'/);
  fails(null, ['--threads=-1', 'people'], exit.usage, /whole number/);
  fails(null, ['--home'], exit.usage, /--home needs a value/);
  fails(null, ['--json=yes', 'people'], exit.usage, /takes no value/);
  fails(null, ['people', 'show'], exit.usage, /something is missing: rollcall people show WHO/);
  fails(null, ['people', 'show', 'a', 'b'], exit.usage, /one argument too many: 'b'/);
  fails(null, ['people', 'rename', 'a', 'b', '--number', '3'], exit.usage, /'rename' does not take --number/);
  fails(null, ['doctor', 'now'], exit.usage, /one argument too many/);
  fails(null, ['--home', '', 'people'], exit.usage, /--home is empty/);
});

test('options of the program go before and after the command', (t) => {
  const home = join(folder(t), 'h');
  ok(null, ['--home', home, 'people', 'add', 'Ada']);
  assert.equal(json(null, ['people', `--home=${home}`]).people.length, 1);
  assert.equal(JSON.parse(ok(null, ['--json', '--home', home, 'people'])).people.length, 1);
});

test('words that are no UTF-8 are refused in words that are', (t) => {
  const home = folder(t);
  for (const args of ["$'\\xff\\xfe'", "people add $'Jos\\xe9'", "--home $'\\xff' people",
    "roll --group $'\\xc3'", "people --$'\\xff'"]) {
    const r = shell(home, `exec "$ROLLCALL" ${args}`);
    assert.match(r.stderr, /^rollcall: [^\n]+\n$/, args);
    assert.ok(!r.stderr.includes('\ufffd'), r.stderr);
    assert.ok(r.status === exit.usage || r.status === exit.failed, `${args}: ${r.status}`);
  }
  failed(shell(home, `exec "$ROLLCALL" people add $'Jos\\xe9'`), exit.usage, /UTF-8/);
});

test('a full, closed or broken output is an error', (t) => {
  const home = folder(t);
  ok(home, ['people', 'add', 'Ada']);
  for (const command of ['people', 'people --json', 'help', 'groups', 'settings', 'people --names',
    'completion bash', 'help --man', '--version', 'doctor --json', 'doctor']) {
    for (const target of ['>/dev/full', '>&-']) {
      const r = shell(home, `exec "$ROLLCALL" ${command} ${target}`);
      assert.equal(r.signal, null, command);
      assert.equal(r.status, exit.failed, `${command} ${target}`);
      assert.match(r.stderr, /^rollcall: cannot write to the output: [^\n]+\n$/, `${command} ${target}`);
    }
  }
  const r = shell(home, `set -o pipefail; { sleep 0.3; "$ROLLCALL" help; echo "status $?" >&2; } | true`);
  assert.match(r.stderr, /cannot write to the output: Broken pipe\nstatus 1/);
});

test('closed standard streams do not reach the database', (t) => {
  const home = folder(t);
  for (const name of ['Ada', 'Grace', 'Mary'])
    shell(home, `exec "$ROLLCALL" people add ${name} <&- >&- 2>&-`);
  assert.equal(json(home, ['people']).people.length, 3);
});

test('a config file sets what nothing else does', (t) => {
  const base = folder(t), home = join(base, 'a'), other = join(base, 'b'), file = join(base, 'c.conf');
  ok(home, ['people', 'add', 'Ada']);
  ok(other, ['people', 'add', 'Grace']);
  writeFileSync(file, `# a comment\n\n  home = ${home}  \r\nthreads=1\n`);
  const name = (h, args, env) => json(h, args, { env }).people[0].name;
  assert.equal(name(null, ['people', '--config', file]), 'Ada');
  assert.equal(name(null, ['people'], { ROLLCALL_CONFIG: file }), 'Ada');
  assert.equal(name(other, ['people', '--config', file]), 'Grace');
  assert.equal(name(null, ['people', '--config', file, '--home', other]), 'Grace');
});

test('a bad config file is named with its line', (t) => {
  const base = folder(t), file = join(base, 'c.conf');
  const bad = (text, pattern) => {
    writeFileSync(file, text);
    fails(base, ['people', '--config', file], exit.usage, pattern);
  };
  bad('threads = 1\nhme = /x\n', /c\.conf:2: unknown setting 'hme': did you mean 'home'\?/);
  bad('home\n', /:1: 'home' is not of the form/);
  bad('threads = many\n', /:1: threads takes a whole number/);
  bad('home = ~/x\n', /write the value in full/);
  bad('home =\n', /write the value in full/);
  writeFileSync(file, Buffer.from([0, 1, 2]));
  fails(base, ['people', '--config', file], exit.failed, /no text file/);
  fails(base, ['people', '--config', join(base, 'none')], exit.failed, /cannot open/);
  mkdirSync(join(base, 'dir'));
  fails(base, ['people', '--config', join(base, 'dir')], exit.usage, /no regular file/);
});

test('reading makes no home', (t) => {
  const home = join(folder(t), 'none');
  for (const args of [['people'], ['groups'], ['settings'], ['roll'], ['export', 'marks'], ['people', 'show', 'x'],
    ['people', 'remove', 'x'], ['groups', 'set', 'x', '--grace', '3']])
    fails(home, args, exit.failed, /nothing here yet: .*rollcall import DIR/);
  fails(home, ['people', 'add', ''], exit.usage, /name/);
  fails(home, ['settings', 'set', 'zone', 'Europe/Berln'], exit.usage, /Europe\/Berlin/);
  assert.ok(!existsSync(home));
});
