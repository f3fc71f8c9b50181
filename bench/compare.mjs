// SPDX-License-Identifier: MIT
// Rollcall against the npm package @vladmandic/face-api (node, tfjs wasm backend): the same
// weights, the same photos, this machine, one thread each, taking turns; medians. Then the
// memory of `rollcall identify` with 10,000 people enrolled. Run by ./run bench.
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const build = join(root, 'build');
const rounds = +(process.env.ROUNDS || 7);
const people = +(process.env.PEOPLE || 10000);
const stages = ['decode', 'detect', 'landmarks', 'embed'];
const photos = readdirSync(join(build, 'samples')).sort().map((name) => join(build, 'samples', name));

const median = (values) => {
	const sorted = [...values].sort((a, b) => a - b);
	return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const sum = (values) => values.reduce((a, b) => a + b, 0);

// A home with many people, made once.
function manyPeople() {
	const home = join(build, 'bench', `home-${people}`);
	if (existsSync(home)) return home;
	const half = `${home}.new`;
	rmSync(half, { recursive: true, force: true });
	mkdirSync(dirname(home), { recursive: true });
	console.log(`Enrolling ${people} made-up people (once) ...`);
	execFileSync(join(build, 'bench/fill'), [half, String(people), join(build, 'models')], { stdio: 'inherit' });
	renameSync(half, home);
	return home;
}

const identify = (home, files) => [join(build, 'rollcall'), '--home', home, '--json', 'identify', '--threads', '1', ...files];

// Each photo's stages. The first photo goes in twice: its first time warms the program up,
// as the package was warmed up too.
function rollcall(home) {
	const [program, ...args] = identify(home, [photos[0], ...photos]);
	const out = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
	if (out.status !== 0 && out.status !== 3) throw new Error(`rollcall identify: ${out.stderr}`);
	return JSON.parse(out.stdout).photos.slice(1).map(({ ms, faces }) => ({ ms, faces: faces.length }));
}

function openPackage() {
	const child = fork(join(root, 'bench/package.cjs'),
		[join(root, 'models/node_modules/@vladmandic/face-api'), join(build, 'models')],
		{ env: { ...process.env, NODE_PATH: join(root, 'tests/golden/node_modules') }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
	let answer;
	child.on('message', (m) => (m.error ? answer.fail(new Error(m.error)) : answer.done(m)));
	child.on('exit', () => answer.fail(new Error('the package ended')));
	const next = () => new Promise((done, fail) => (answer = { done, fail }));
	const run = async () => {
		const results = [];
		for (const photo of photos) {
			const result = next();
			child.send(photo);
			results.push(await result);
		}
		return results;
	};
	return { ready: next(), run, close: () => { child.removeAllListeners('exit'); child.kill(); } };
}

// Of each photo and stage the median over the rounds; then the sum over the photos.
function perStage(runs) {
	const ms = Object.fromEntries(stages.map((stage) => [stage, sum(photos.map((_, i) => median(runs.map((run) => run[i].ms[stage]))))]));
	return { ms, faces: sum(runs[0].map((photo) => photo.faces)) };
}

function memory(home) {
	const out = spawnSync('/usr/bin/time', ['-f', '%M', ...identify(home, [photos[0]])], { encoding: 'utf8', maxBuffer: 1 << 28 });
	return +out.stderr.trim().split('\n').pop() / 1024;
}

const home = manyPeople();
const other = openPackage();
await other.ready;
await other.run();
const ours = [], theirs = [];
for (let i = 0; i < rounds; i++) {
	ours.push(rollcall(home));
	theirs.push(await other.run());
}
other.close();

const a = perStage(ours), b = perStage(theirs);
const row = (name, x, y) => `${name.padEnd(24)}${x.toFixed(1).padStart(10)}${y.toFixed(1).padStart(12)}${(y / x).toFixed(1).padStart(9)}x`;
const per = (ms) => ms / photos.length;
const whole = (side, from) => per(sum(stages.slice(from).map((stage) => side.ms[stage])));
const mb = memory(home);
console.log(`${cpus()[0].model}, one thread, ${photos.length} photos, ${rounds} rounds, medians, ms a photo`);
console.log(`${''.padEnd(24)}${'Rollcall'.padStart(10)}${'npm package'.padStart(12)}${'ratio'.padStart(10)}`);
for (const stage of stages) console.log(row(stage, per(a.ms[stage]), per(b.ms[stage])));
console.log(row('whole photo', whole(a, 0), whole(b, 0)));
console.log(row('whole, without decoding', whole(a, 1), whole(b, 1)));
console.log(`faces found              ${String(a.faces).padStart(9)}${String(b.faces).padStart(12)}`);
console.log(`resident memory of 'identify' with ${people} people enrolled: ${mb.toFixed(0)} MB`);
writeFileSync(join(build, 'bench/compare.json'), JSON.stringify({
	cpu: cpus()[0].model, node: process.version, photos: photos.length, rounds, people,
	rollcall: a, package: b, ratio: whole(b, 0) / whole(a, 0), ratio_without_decode: whole(b, 1) / whole(a, 1), memory_mb: mb,
}, null, '\t') + '\n');
