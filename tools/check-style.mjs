// SPDX-License-Identifier: MIT
// The house style that a machine can check (docs: CONTRIBUTING.md). Prints one line a finding:
// file:line: rule: what. Exceptions, each with its reason: tools/style-exceptions.txt.
// Usage: node tools/check-style.mjs [FILE...]
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const limit = { functionLines: 80, fileLines: 800, columns: 100, params: 6, braces: 5, complexity: 20 };
const clangFormat = 14; // the version whose layout is the layout
const folders = ['src', 'tests', 'bench'];

const findings = [];
const report = (file, line, rule, text, name = '') => findings.push({ file, line, rule, text, name });

function walk(folder) {
	return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : walk(path);
		return /\.[ch]$/.test(entry.name) ? [path] : [];
	});
}

// The text with comments, strings and preprocessor lines blanked out, line breaks kept.
function blank(text) {
	const spaces = (s) => s.replace(/[^\n]/g, ' ');
	return text
		.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g,
			(s) => (s[0] === '/' ? spaces(s) : s[0] + spaces(s.slice(1, -1)) + s[0]))
		.replace(/^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm, spaces);
}

// What stands at file scope: { text, line, body }. Nested braces become {}; body means a
// function's. Also reports braces nested too deeply and mutable statics inside functions.
function* fileScope(file, code) {
	let depth = 0, text = '', line = 1, start = 0, isBody = false;
	for (let i = 0; i < code.length; i++) {
		const c = code[i];
		if (c === '\n') line++;
		if (depth === 0 && text.trim() === '') start = line;
		if (c === '{') {
			if (depth === 0) isBody = /\)\s*$/.test(text) && !/=/.test(text);
			if (++depth === limit.braces + 1) report(file, line, 'depth', `braces nested deeper than ${limit.braces}`);
			if (depth === 1) text += '{';
		} else if (c === '}') {
			if (--depth === 0) {
				text += '}';
				if (isBody) {
					yield { text: text.trim(), line: start, body: true };
					text = '';
					isBody = false;
				}
			}
		} else if (depth === 0 && c === ';') {
			yield { text: text.trim(), line: start, body: false };
			text = '';
		} else if (depth === 0) {
			text += c;
		} else if (isBody && /^\bstatic\s/.test(code.slice(i, i + 7)) && /[\s;{]/.test(code[i - 1])) {
			const end = code.slice(i).search(/[;={]/);
			const declared = code.slice(i, i + end);
			if (!file.startsWith('tests/') && !isConst(declared)) report(file, line, 'mutable', `static ${nameOf(declared)} inside a function can change`, nameOf(declared));
		}
	}
}

const nameOf = (declaration) => (declaration.split('=')[0].replace(/\[[^\]]*\]/g, '').match(/(\w+)\s*\)?\s*$/) || [, '?'])[1];

// Is the object itself const (for a pointer: after its last star)?
function isConst(declaration) {
	const before = declaration.split('=')[0];
	if (/\(\s*\*\s*const\b/.test(before)) return true; // a table of functions
	const star = before.lastIndexOf('*');
	return /\bconst\b/.test(star < 0 ? before : before.slice(star));
}

function checkParams(file, item) {
	const call = item.text.replace(/\{\}$/, '').match(/\b(\w+)\s*\(([\s\S]*)\)/);
	if (!call) return;
	// Only the outermost argument list of the first name counts, not attributes behind it.
	let depth = 0, commas = 0;
	const from = item.text.indexOf('(', item.text.indexOf(call[1]));
	for (let i = from; i < item.text.length; i++) {
		if (item.text[i] === '(') depth++;
		if (item.text[i] === ')' && --depth === 0) break;
		if (item.text[i] === ',' && depth === 1) commas++;
	}
	if (commas + 1 > limit.params) report(file, item.line, 'params', `${call[1]} has ${commas + 1} parameters (at most ${limit.params})`, call[1]);
}

function checkItem(file, item, lines) {
	const isFunction = item.body || (/\(/.test(item.text.split('=')[0]) && !/\(\s*\*/.test(item.text.split('(').slice(0, 2).join('(')));
	if (/^(typedef|_Static_assert|static_assert)\b/.test(item.text) || item.text === '') return;
	if (isFunction) {
		checkParams(file, item);
		// What free, close and finish do is the same everywhere (CONTRIBUTING.md).
		if (/_(free|close|finish)\s*\([^,]*\)$/.test(item.text)) return;
		if (file.endsWith('.h') && !item.body && file.startsWith('src/') && !commented(lines, item.line)) {
			report(file, item.line, 'comment', `${nameOf(item.text.split('(')[0])} has no comment above`, nameOf(item.text.split('(')[0]));
		}
		return;
	}
	if (/^(struct|union|enum)(\s+\w+)?\s*(\{\})?$/.test(item.text) || /^extern\b/.test(item.text)) return;
	if (!file.startsWith('tests/') && !isConst(item.text.replace(/\{\}/g, ''))) {
		report(file, item.line, 'mutable', `${nameOf(item.text.replace(/\{\}/g, ''))} at file scope can change`, nameOf(item.text.replace(/\{\}/g, '')));
	}
}

// A declaration is explained by a comment above it or above the block it stands in.
function commented(lines, line) {
	for (let i = line - 2; i >= 0 && lines[i].trim() !== ''; i--) {
		if (/\*\/\s*$/.test(lines[i]) || /^\s*\/\//.test(lines[i])) return true;
	}
	return /\/\*.*\*\//.test(lines[line - 1]);
}

const columns = (line) => [...line].reduce((at, c) => (c === '\t' ? at + 8 - (at % 8) : at + 1), 0);

function checkFile(file) {
	const text = readFileSync(join(root, file), 'utf8');
	const lines = text.split('\n');
	if (!lines[0].includes('SPDX-License-Identifier: MIT')) report(file, 1, 'spdx', 'the first line has no SPDX-License-Identifier: MIT');
	if (lines.length - 1 > limit.fileLines) report(file, 1, 'file', `${lines.length - 1} lines (at most ${limit.fileLines})`);
	lines.forEach((line, i) => {
		if (columns(line) > limit.columns) report(file, i + 1, 'columns', `${columns(line)} columns (at most ${limit.columns})`);
	});
	for (const item of fileScope(file, blank(text))) checkItem(file, item, lines);
}

function checkComplexity(files) {
	const out = spawnSync('pmccabe', files, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
	if (out.error) throw new Error('pmccabe is missing: apt-get install pmccabe');
	for (const row of out.stdout.split('\n').filter(Boolean)) {
		const [complexity, , , line, length, place] = row.split('\t');
		const [, file, name] = place.match(/^(.*)\(\d+\): (.*)$/);
		if (+complexity > limit.complexity) report(file, +line, 'complexity', `${name} has complexity ${complexity} (at most ${limit.complexity})`, name);
		if (+length > limit.functionLines) report(file, +line, 'function', `${name} has ${length} lines (at most ${limit.functionLines})`, name);
	}
}

function checkFormat(files) {
	for (const tool of [`clang-format-${clangFormat}`, 'clang-format']) {
		const version = spawnSync(tool, ['--version'], { encoding: 'utf8' });
		if (version.error || !version.stdout.includes(`version ${clangFormat}.`)) continue;
		const out = spawnSync(tool, ['--dry-run', ...files], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
		for (const [, file, line] of out.stderr.matchAll(/^(.*?):(\d+):\d+: (?:warning|error)/gm)) {
			report(file, +line, 'format', `not as ${tool} lays it out`);
		}
		return;
	}
	console.log(`check-style: no clang-format ${clangFormat} here; the layout was not checked`);
}

// Lines "rule file[:name] reason"; one that excepts nothing any more is a finding itself.
function exceptions() {
	return readFileSync(join(root, 'tools/style-exceptions.txt'), 'utf8').split('\n')
		.map((text, i) => ({ text, line: i + 1 })).filter(({ text }) => text && !text.startsWith('#'))
		.map(({ text, line }) => {
			const [rule, place, ...reason] = text.split(/\s+/);
			const [file, name] = place.split(':');
			return { rule, file, name: name || '', reason: reason.join(' '), line, used: false };
		});
}

const given = process.argv.slice(2).map((f) => relative(root, resolve(f)));
const files = given.length ? given : folders.flatMap(walk).sort();
const sources = files.filter((f) => f.endsWith('.c'));
files.forEach(checkFile);
if (sources.length) checkComplexity(sources);
checkFormat(files);

const allowed = exceptions();
const left = findings.filter((f) => {
	const by = allowed.find((e) => e.rule === f.rule && e.file === f.file && e.name === f.name && e.reason);
	if (by) by.used = true;
	return !by;
});
if (!given.length) {
	for (const e of allowed.filter((x) => !x.used)) left.push({ file: 'tools/style-exceptions.txt', line: e.line, rule: 'exception', text: 'excepts nothing, or gives no reason' });
}
const seen = new Set();
for (const f of left) {
	const text = f.rule === 'format' ? `${f.file}: format: ${f.text}` : `${f.file}:${f.line}: ${f.rule}: ${f.text}`;
	if (!seen.has(text)) console.log(text);
	seen.add(text);
}
console.log(`check-style: ${files.length} files, ${seen.size} findings`);
process.exit(seen.size ? 1 : 0);
