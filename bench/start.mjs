// SPDX-License-Identifier: MIT
// How long `rollcall identify` takes from its start to its first answer, with 10,000 people
// enrolled, on a small photo with faces: wall clock, processor time and memory, medians.
//	node bench/start.mjs		ROUNDS (11) and PEOPLE (10000) change it
// Needs build/bench/fill and djpeg, cjpeg (libjpeg-turbo-progs). Run by ./run bench.
import { execFileSync, execSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const build = join(root, 'build');
const rounds = +(process.env.ROUNDS || 11);
const people = +(process.env.PEOPLE || 10000);
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// A home with many people, made once; compare.mjs uses the same.
function manyPeople() {
	const home = join(build, 'bench', `home-${people}`);
	if (existsSync(home)) return home;
	const half = `${home}.new`;
	rmSync(half, { recursive: true, force: true });
	mkdirSync(dirname(home), { recursive: true });
	execFileSync(join(build, 'bench/fill'), [half, String(people), join(build, 'models')], { stdio: 'inherit' });
	renameSync(half, home);
	return home;
}

const home = manyPeople();
const photo = join(build, 'bench/small.jpg');
execSync(`djpeg -scale 1/4 '${join(build, 'samples/sample1.jpg')}' | cjpeg -quality 90 > '${photo}'`);
const runs = [];
for (let i = 0; i <= rounds; i++) {
	const begin = performance.now();
	const out = spawnSync('/usr/bin/time', ['-f', '%U %S %M', join(build, 'rollcall'), '--home', home, '--json', 'identify', '--threads', '1', photo], { encoding: 'utf8' });
	const wall = performance.now() - begin;
	if (![0, 3].includes(out.status)) throw new Error(out.stderr);
	const [user, system, kb] = out.stderr.trim().split('\n').pop().split(' ').map(Number);
	if (i > 0) runs.push({ wall, cpu: (user + system) * 1e3, mb: kb / 1024 }); // the first fills the file cache
}
console.log(`start until the first answer, ${people} people, ${rounds} rounds: ` +
	`${median(runs.map((r) => r.wall)).toFixed(0)} ms, of which ${median(runs.map((r) => r.cpu)).toFixed(0)} ms of processor; ` +
	`${median(runs.map((r) => r.mb)).toFixed(0)} MB`);
