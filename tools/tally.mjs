// SPDX-License-Identifier: MIT
// Counts test cases out of a suite's log: node tools/tally.mjs meson|tap FILE
// prints "passed failed skipped". A program that died without saying how counts as failed.
import { readFileSync } from 'node:fs';

const count = (text, pattern) => (text.match(pattern) || []).length;

// meson's testlog.json: one JSON object a test program, each a cmocka group or more.
function meson(text) {
	const sum = { passed: 0, failed: 0, skipped: 0 };
	for (const row of text.split('\n').filter(Boolean).map((line) => JSON.parse(line))) {
		const out = `${row.stdout || ''}\n${row.stderr || ''}`;
		const failed = [...out.matchAll(/^\[ {2}FAILED {2}\] (\d+) test\(s\)/gm)].reduce((n, m) => n + +m[1], 0);
		sum.passed += count(out, /^\[ {7}OK \]/gm);
		sum.skipped += count(out, /^\[ {2}SKIPPED \] \w+$/gm) ? [...out.matchAll(/^\[ {2}SKIPPED \] (\d+) test\(s\)/gm)].reduce((n, m) => n + +m[1], 0) : 0;
		sum.failed += failed;
		if (!['OK', 'SKIP', 'EXPECTEDFAIL'].includes(row.result) && failed === 0) sum.failed++;
	}
	return sum;
}

// The summary that node's test runner writes at the end of its TAP output.
function tap(text) {
	const last = (word) => +([...text.matchAll(new RegExp(`^# ${word} (\\d+)$`, 'gm'))].pop() || [0, 0])[1];
	const sum = { passed: last('pass'), failed: last('fail') + last('cancelled'), skipped: last('skipped') };
	if (!/^# pass /m.test(text)) sum.failed++;
	return sum;
}

const [kind, file] = process.argv.slice(2);
const sum = { meson, tap }[kind](readFileSync(file, 'utf8'));
console.log(sum.passed, sum.failed, sum.skipped);
