// SPDX-License-Identifier: MIT
// The style and layer checks find what they are there to find.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const spdx = '/* SPDX-License-Identifier: MIT */\n';

function tree(t, files) {
	const at = mkdtempSync(join(tmpdir(), 'rollcall-checks-'));
	t.after(() => rmSync(at, { recursive: true, force: true }));
	cpSync(join(root, 'tools'), join(at, 'tools'), { recursive: true });
	cpSync(join(root, '.clang-format'), join(at, '.clang-format'));
	writeFileSync(join(at, 'tools/style-exceptions.txt'), '');
	for (const folder of ['src', 'tests', 'bench']) mkdirSync(join(at, folder));
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(dirname(join(at, name)), { recursive: true });
		writeFileSync(join(at, name), text);
	}
	spawnSync('git', ['init', '-q', at]);
	return at;
}

const style = (at) => spawnSync('node', [join(at, 'tools/check-style.mjs')], { encoding: 'utf8' });
const layers = (at) => spawnSync(join(at, 'tools/check-layers.sh'), { encoding: 'utf8' });

test('a clean tree has no findings', (t) => {
	const at = tree(t, {
		'src/base/good.h': `${spdx}struct good;\n\n/* Makes one. */\nint good_new(struct good **out);\nvoid good_free(struct good *g);\n`,
		'src/base/good.c': `${spdx}#include "base/good.h"\n\nstatic const char *const words[] = {"a {", "b"};\n\nint good_new(struct good **out)\n{\n\treturn words[0][0] + (out == 0);\n}\n`,
		'src/infer/user.c': `${spdx}#include "base/good.h"\n`,
	});
	assert.equal(style(at).status, 0, style(at).stdout);
	assert.equal(layers(at).status, 0, layers(at).stdout);
});

const findings = {
	spdx: ['src/a.c', 'int x(void);\n'],
	columns: ['src/a.c', `${spdx}/* ${'x'.repeat(100)} */\n`],
	file: ['src/a.c', spdx + '\n'.repeat(801)],
	function: ['src/a.c', `${spdx}int f(void)\n{\n${'\tf();\n'.repeat(80)}\treturn 0;\n}\n`],
	complexity: ['src/a.c', `${spdx}int f(int x)\n{\n${'\tif (x)\n\t\tx--;\n'.repeat(20)}\treturn x;\n}\n`],
	params: ['src/a.c', `${spdx}int f(int a, int b, int c, int d, int e, int g, int h);\n`],
	depth: ['src/a.c', `${spdx}int f(int x)\n{\n${'if (x) {'.repeat(5)}${'}'.repeat(5)}\n\treturn 0;\n}\n`],
	comment: ['src/a.h', `${spdx}\nint f(int a);\n`],
	mutable: ['src/a.c', `${spdx}static const char *pointer;\n`],
};
for (const [rule, [name, text]] of Object.entries(findings)) {
	test(`style finds: ${rule}`, (t) => {
		const got = style(tree(t, { [name]: text }));
		assert.equal(got.status, 1);
		assert.match(got.stdout, new RegExp(`^${name.replace('.', '\\.')}:\\d+: ${rule}: `, 'm'));
	});
}

test('an exception needs a reason and something that it excepts', (t) => {
	const at = tree(t, { 'src/a.c': `${spdx}static int counter;\n` });
	const except = (text) => writeFileSync(join(at, 'tools/style-exceptions.txt'), text);
	except('mutable src/a.c:counter counts\n');
	assert.equal(style(at).status, 0, style(at).stdout);
	except('mutable src/a.c:counter\n');
	assert.equal(style(at).status, 1);
	except('mutable src/a.c:counter counts\nmutable src/b.c:counter counts\n');
	assert.equal(style(at).status, 1);
});

const bad = {
	'an include that points upwards': { 'src/base/a.c': '#include "store/store.h"\n' },
	'an include of a module of the same level': { 'src/infer/a.c': '#include "media/image.h"\n' },
	'a registry address in a lock file': { 'x/package-lock.json': '{"resolved": "https://example.org/a.tgz", "integrity": "x"}' },
};
for (const [what, files] of Object.entries(bad)) {
	test(`layers finds: ${what}`, (t) => assert.equal(layers(tree(t, files)).status, 1));
}

test('layers finds: a path of this machine', (t) => {
	const at = tree(t, {});
	const elsewhere = spawnSync(join(at, 'tools/check-layers.sh'), { encoding: 'utf8' });
	assert.equal(elsewhere.status, 0, elsewhere.stdout);
	writeFileSync(join(at, 'notes.md'), `see ${at}/src\n`);
	assert.equal(layers(at).status, 1);
});
