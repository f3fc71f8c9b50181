// SPDX-License-Identifier: MIT
// The main job on real photos: import, enroll, detect, identify, mark.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, folder, isRoot, ok as okPlain, run as runPlain, shell } from './helpers.mjs';
import { broken, copy, crop, missing, nobody, people, picture, portrait, put, sample, withModels } from './photos.mjs';

const skip = missing;
const run = (home, args, options = {}) => runPlain(home, args, { ...withModels, ...options });
const ok = (home, args) => okPlain(home, args, withModels);
const json = (home, args) => JSON.parse(ok(home, [...args, '--json']));
/** A document although something failed. */
const document = (r) => JSON.parse(r.stdout);
const names = (home) => json(home, ['people']).people.map((p) => p.name);

/** A home with five people, and the folder they came from. */
function enrolled(t) {
  const base = folder(t), h = join(base, 'home'), dir = people(join(base, 'in'));
  assert.equal(ok(h, ['import', dir, '--group', '3a']), "made the group '3a'\n5 people, 5 photos enrolled, 0 refused\n");
  return { base, h, dir };
}

test('import adds people, their group and their photos', { skip }, (t) => {
  const { h } = enrolled(t);
  const list = json(h, ['people']).people;
  assert.deepEqual(list.map((p) => p.name), ['Ana', 'Bea', 'Cleo', 'Dora', 'Emma']);
  for (const p of list) assert.equal(p.templates, 1);
  assert.equal(json(h, ['groups']).groups[0].members, 5);
});

test('import again changes nothing and says whose the photos are', { skip }, (t) => {
  const { h, dir } = enrolled(t);
  const r = run(h, ['import', dir]);
  assert.equal(r.status, exit.ok);
  assert.equal(r.stdout, '0 people, 0 photos enrolled, 5 refused\n');
  assert.match(r.stderr, /Ana\/1\.jpg: the same photo is enrolled already, for 'Ana'\n/);
  assert.equal(r.stderr.trimEnd().split('\n').length, 5);
  assert.deepEqual(names(h), ['Ana', 'Bea', 'Cleo', 'Dora', 'Emma']);
});

test('import says for every refused photo why, and adds nobody without a usable one', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home'), dir = people(join(base, 'in'), ['Ana']);
  put(join(dir, 'Ana', '2.JPG'), copy(portrait('Ana'), 2));
  put(join(dir, 'Ana', 'notes.txt'), 'not a photo, and not said to be one');
  put(join(dir, 'Nobody', '1.jpg'), nobody());
  put(join(dir, 'Several', '1.jpg'), readFileSync(sample(1)));
  put(join(dir, 'loose.jpg'), portrait('Bea'));
  mkdirSync(join(dir, 'Empty'));
  mkdirSync(join(dir, '.hidden'));
  const r = run(h, ['import', dir, '--json']);
  const d = document(r);
  assert.equal(r.status, exit.failed, 'an empty folder is a failure');
  assert.equal(d.people, 1);
  assert.equal(d.photos, 2);
  assert.deepEqual(d.enrolled.map((e) => [e.person.name, e.added, e.photos]), [['Ana', true, 2]]);
  const why = Object.fromEntries(d.refused.map((e) => [e.file.slice(dir.length + 1), e.reason]));
  assert.deepEqual(Object.keys(why).sort(), ['Empty', 'Nobody/1.jpg', 'Several/1.jpg']);
  assert.match(why['Nobody/1.jpg'], /no face/);
  assert.match(why['Several/1.jpg'], /3 faces/);
  assert.match(why.Empty, /no photo/);
  assert.deepEqual(names(h), ['Ana']);
});

test('import takes the largest of several faces when told so', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  put(join(base, 'in/Somebody/1.jpg'), readFileSync(sample(1)));
  assert.equal(ok(h, ['import', join(base, 'in'), '--largest']), '1 person, 1 photo enrolled, 0 refused\n');
});

test('import of known people puts them into the group', { skip }, (t) => {
  const { h, dir } = enrolled(t);
  const r = run(h, ['import', dir, '--group', 'Choir']);
  assert.equal(r.status, exit.ok);
  assert.equal(json(h, ['groups']).groups.find((g) => g.name === 'Choir').members, 5);
});

test('import refuses what is no folder of folders, and makes no home for it', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  mkdirSync(join(base, 'empty'));
  put(join(base, 'loose/1.jpg'), portrait('Ana'));
  put(join(base, 'file'), 'x');
  failed(run(h, ['import', join(base, 'empty')]), exit.failed, /no folder in '.*empty'/);
  failed(run(h, ['import', join(base, 'loose')]), exit.failed, /no folder in '.*loose'/);
  failed(run(h, ['import', join(base, 'file')]), exit.failed, /Not a directory/);
  failed(run(h, ['import', join(base, 'nowhere')]), exit.failed, /No such file/);
  assert.equal(existsSync(h), false);
});

test('import leaves out a folder that is not UTF-8, or no name, and does the others', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home'), dir = people(join(base, 'in'), ['Ana']);
  put(join(dir, 'x'.repeat(200), '1.jpg'), portrait('Bea'));
  put(join(dir, '\x07bell', '1.jpg'), portrait('Bea'));
  const r = shell(h, `cd "$DIR"; mkdir $'bad\\xff'; cp Ana/1.jpg $'bad\\xff/'; "$ROLLCALL" import .`, { env: { ...withModels.env, DIR: dir } });
  assert.equal(r.status, exit.failed);
  assert.match(r.stderr, /bad\?: the folder name is not UTF-8/);
  assert.equal(r.stderr.trimEnd().split('\n').length, 3);
  assert.equal(r.stdout, '1 person, 1 photo enrolled, 0 refused\n');
  assert.deepEqual(names(h), ['Ana']);
});

test('photos that are none do not stop the others, and change nothing', { skip }, (t) => {
  const { h, base } = enrolled(t), files = broken(), dir = join(base, 'broken');
  for (const [name, [bytes]] of Object.entries(files)) put(join(dir, name), bytes);
  put(join(dir, 'good.jpg'), copy(portrait('Ana'), 1));
  mkdirSync(join(dir, 'folder.jpg'));
  const before = picture(h);
  for (const command of ['detect', 'identify']) {
    const r = run(h, [command, '--json', dir]), d = document(r);
    assert.equal(r.status, exit.failed);
    assert.equal(d.photos.length, Object.keys(files).length + 1);
    for (const photo of d.photos) {
      const name = photo.file.slice(dir.length + 1);
      if (name === 'good.jpg') assert.equal(photo.faces.length, 1);
      else {
        assert.deepEqual(Object.keys(photo), ['file', 'error'], name);
        assert.match(photo.error, files[name][1], name);
        assert.doesNotMatch(photo.error, /\n/);
      }
    }
    assert.equal(r.stderr.trimEnd().split('\n').length, Object.keys(files).length);
  }
  for (const name of Object.keys(files)) {
    const r = run(h, ['enroll', 'New', join(dir, name)]);
    failed(r, exit.failed);
  }
  assert.deepEqual(picture(h), before);
});

test('a photo cut off in the middle is used as far as it goes', { skip }, (t) => {
  const { h, base } = enrolled(t), whole = portrait('Cleo');
  const path = put(join(base, 'cut.jpg'), whole.subarray(0, Math.floor(whole.length * 0.9)));
  const r = run(h, ['identify', '--json', path]);
  assert.match(r.stderr, /cut\.jpg: cut off/);
  assert.equal(document(r).photos[0].faces[0].person.name, 'Cleo');
  assert.equal(r.status, exit.ok);
});

test('enroll adds a person, then photos to the person', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home'), a = put(join(base, 'a.jpg'), portrait('Ana'));
  const b = put(join(base, 'b.jpg'), copy(portrait('Ana'), 1));
  const added = json(h, ['enroll', '  ana   LOVELACE ', a, '--number', '7', '--group', '3a', '--face-id', '9']);
  assert.equal(added.added, true);
  assert.equal(added.person.name, 'ana LOVELACE');
  assert.equal(added.group_made, true);
  const again = json(h, ['enroll', 'Ana Lovelace', b]);
  assert.equal(again.added, false);
  assert.equal(again.person.id, added.person.id);
  const person = json(h, ['people']).people[0];
  assert.deepEqual([person.templates, person.number, person.face_id, person.groups], [2, '7', 9, ['3a']]);
});

test('enroll keeps two people of one name apart by their numbers', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  const a = put(join(base, 'a.jpg'), portrait('Ana')), b = put(join(base, 'b.jpg'), portrait('Bea'));
  const c = put(join(base, 'c.jpg'), copy(portrait('Bea'), 1));
  ok(h, ['enroll', 'Kim', a, '--number', '1']);
  ok(h, ['enroll', 'Kim', b, '--number', '2']);
  assert.equal(names(h).length, 2);
  failed(run(h, ['enroll', 'Kim', c]), exit.usage, /--number/);
  assert.equal(json(h, ['enroll', 'Kim', c, '--number', '2']).added, false);
  assert.deepEqual(json(h, ['people']).people.map((p) => p.templates).sort(), [1, 2]);
});

test('enroll refuses what cannot be used and leaves the database as it was', { skip }, (t) => {
  const { h, base } = enrolled(t), before = picture(h);
  const refuse = (args, pattern, status = exit.failed) => {
    failed(run(h, ['enroll', ...args]), status, pattern);
    assert.deepEqual(picture(h), before, args.join(' '));
  };
  const empty = join(base, 'empty');
  mkdirSync(empty);
  refuse(['New', put(join(base, 'nobody.jpg'), nobody())], /nobody\.jpg: no face/);
  refuse(['New', sample(1)], /sample1\.jpg: 3 faces/);
  refuse(['New', put(join(base, 'same.jpg'), portrait('Ana'))], /same\.jpg: the same photo is enrolled already, for 'Ana'/);
  refuse(['New', join(base, 'nowhere.jpg'), '--group', 'New group'], /nowhere\.jpg.*No such file/);
  refuse(['New', empty], /no photo in folder/);
  refuse(['x'.repeat(1000), sample(1)], /name/, exit.usage);
  refuse(['\x01\x02', sample(1)], /name/, exit.usage);
  refuse(['New'], /./, exit.usage);
});

test('a photo of somebody who is enrolled already under another name is refused', { skip }, (t) => {
  const { h, base } = enrolled(t), zoe = put(join(base, 'z.jpg'), copy(portrait('Ana'), 1));
  const before = picture(h), r = run(h, ['enroll', 'Zoe', zoe]);
  assert.match(r.stderr, /z\.jpg: looks like 'Ana' \(distance 0\.\d\d\).*--force REASON/);
  assert.equal(r.status, exit.failed);
  assert.deepEqual(picture(h), before);
  const forced = run(h, ['enroll', 'Zoe', zoe, '--force', 'her twin']);
  assert.equal(forced.status, exit.ok, forced.stderr);
  assert.match(forced.stderr, /z\.jpg: 'Zoe' and 'Ana' look alike/);
  const pair = json(h, ['calibrate']).look_alikes;
  assert.deepEqual(pair.map((p) => [p.a, p.b].sort()), [['Ana', 'Zoe']]);
  // Now neither is marked without a clear margin.
  const d = json(h, ['identify', sample(1)]);
  for (const f of d.photos[0].faces.filter((f) => ['Ana', 'Zoe'].includes(f.person?.name)))
    assert.equal(f.decision, f.margin >= 0.1 ? 'match' : 'review');
});

test('detect needs no home and knows a photo without a face', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  const [photo] = json(h, ['detect', sample(1)]).photos;
  assert.deepEqual(Object.keys(photo), ['file', 'width', 'height', 'faces', 'ms']);
  assert.deepEqual([photo.width, photo.height, photo.faces.length], [1920, 1280, 3]);
  for (const face of photo.faces) {
    assert.deepEqual(Object.keys(face), ['box', 'score', 'landmarks', 'quality']);
    assert.equal(face.landmarks.length, 68);
    assert.ok(face.score > 0.5 && face.score <= 1);
  }
  const none = run(h, ['detect', put(join(base, 'n.jpg'), nobody())]);
  assert.equal(none.status, exit.nothing);
  assert.equal(none.stdout, 'no face in 1 photo\n');
  assert.equal(existsSync(h), false);
  assert.equal(json(h, ['detect', '--detector', 'tiny', sample(1)]).photos.length, 1);
  failed(run(h, ['detect', '--detector', 'best', sample(1)]), exit.usage);
});

test('identify names those who are enrolled, in the form that scripts rely on', { skip }, (t) => {
  const { h } = enrolled(t), before = picture(h);
  const [photo] = json(h, ['identify', sample(1)]).photos;
  assert.deepEqual(Object.keys(photo), ['file', 'width', 'height', 'faces', 'ms']);
  assert.deepEqual(Object.keys(photo.ms), ['decode', 'detect', 'landmarks', 'embed', 'search']);
  const at = photo.faces.map((f) => [f.person.name, f.box[0]]).sort((a, b) => a[1] - b[1]);
  assert.deepEqual(at.map((a) => a[0]), ['Ana', 'Bea', 'Cleo']);
  for (const f of photo.faces) {
    assert.deepEqual(Object.keys(f), ['box', 'score', 'landmarks', 'quality', 'decision', 'person', 'distance', 'margin', 'threshold']);
    assert.equal(f.decision, 'match');
    assert.ok(f.distance <= f.threshold && f.margin > 0);
  }
  assert.deepEqual(picture(h), before);
});

test('strangers are unknown, and nothing recognised is status 3', { skip }, (t) => {
  const { h } = enrolled(t), r = run(h, ['identify', '--json', sample(5)]);
  assert.equal(r.status, exit.nothing);
  for (const f of document(r).photos[0].faces) {
    assert.notEqual(f.decision, 'match');
    assert.equal(f.person === null, f.decision === 'unknown');
  }
});

test('with one person enrolled there is no margin', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  ok(h, ['enroll', 'Ana', put(join(base, 'a.jpg'), portrait('Ana'))]);
  const faces = json(h, ['identify', sample(1)]).photos[0].faces;
  for (const f of faces) assert.equal(f.margin, null);
});

test('with nobody enrolled there is no distance either', { skip }, (t) => {
  const h = join(folder(t), 'home');
  ok(h, ['people', 'add', 'Ana']);
  const r = run(h, ['identify', '--json', sample(1)]);
  assert.match(r.stderr, /nobody is enrolled yet/);
  assert.equal(r.status, exit.nothing);
  for (const f of document(r).photos[0].faces) assert.deepEqual([f.person, f.distance, f.margin], [null, null, null]);
});

test('identify works in a home that nobody may write', { skip: skip || (isRoot() && 'root may write everywhere') }, (t) => {
  const { h } = enrolled(t);
  chmodSync(join(h, 'rollcall.db'), 0o400);
  chmodSync(h, 0o500);
  const r = run(h, ['identify', sample(1)]);
  if (r.status !== exit.ok) failed(r, exit.failed, /cannot be written/);
  failed(run(h, ['enroll', 'Zoe', sample(1), '--largest']), exit.failed);
});

test('a path that is not UTF-8 is shown with question marks', { skip }, (t) => {
  const { h, base } = enrolled(t);
  put(join(base, 'p.jpg'), portrait('Ana'));
  const r = shell(h, `cd "$BASE"; mv p.jpg $'p\\xff.jpg'; "$ROLLCALL" identify --json $'p\\xff.jpg'`, { env: { ...withModels.env, BASE: base } });
  assert.equal(r.stderr, '');
  assert.equal(document(r).photos[0].file, 'p?.jpg');
  assert.equal(document(r).photos[0].faces[0].person.name, 'Ana');
});

test('a photo that fails and whose path is not UTF-8 does not hide the others', { skip }, (t) => {
  const { h, base } = enrolled(t);
  put(join(base, 'p.jpg'), portrait('Ana'));
  const script = `cd "$BASE"; printf x > $'bad\\xff.jpg'; "$ROLLCALL" identify --json p.jpg $'bad\\xff.jpg' $'none\\xff.jpg'`;
  const r = shell(h, script, { env: { ...withModels.env, BASE: base } });
  assert.equal(r.status, exit.failed);
  assert.match(r.stderr, /^rollcall: cannot read 'bad\?.jpg': .+\nrollcall: cannot open 'none\?.jpg': .+\n$/);
  const { photos } = JSON.parse(r.stdout);
  assert.equal(photos[0].faces[0].person.name, 'Ana');
  assert.match(photos[1].error, /bad\?.jpg/);
  assert.match(photos[2].error, /none\?.jpg/);
});

test('an annotated photo is written beside, never over, the photo', { skip }, (t) => {
  const { h, base } = enrolled(t), out = join(base, 'out.png'), dir = join(base, 'out');
  ok(h, ['identify', sample(1), '--annotate', out]);
  assert.equal(readFileSync(out).subarray(1, 4).toString(), 'PNG');
  const [image] = json(h, ['detect', out]).photos;
  assert.deepEqual([image.width, image.height], [1920, 1280]);

  const one = put(join(base, 'x/1.jpg'), portrait('Ana')), two = put(join(base, 'y/1.jpg'), portrait('Bea'));
  ok(h, ['identify', one, two, '--annotate', dir]);
  assert.ok(existsSync(join(dir, '1.jpg')) && existsSync(join(dir, '1-2.jpg')));

  const before = readFileSync(one);
  failed(run(h, ['identify', one, two, '--annotate', out]), exit.usage, /needs a folder/);
  failed(run(h, ['identify', one, '--annotate', join(base, 'out.gif')]), exit.failed, /\.jpg or \.png/);
  const over = run(h, ['identify', one, '--annotate', one]);
  assert.equal(over.status, exit.failed);
  assert.match(over.stderr, /would replace the photo itself/);
  symlinkSync(one, join(base, 'link.jpg'));
  assert.equal(run(h, ['identify', one, '--annotate', join(base, 'link.jpg')]).status, exit.failed);
  assert.deepEqual(readFileSync(one), before);
});

test('--blur leaves nobody to be recognised', { skip }, (t) => {
  const { h, base } = enrolled(t), out = join(base, 'blurred.png');
  ok(h, ['identify', sample(1), '--annotate', out, '--blur']);
  const r = run(h, ['identify', '--json', out]);
  for (const f of document(r).photos[0].faces) assert.equal(f.decision, 'unknown');
  failed(run(h, ['identify', sample(1), '--blur']), exit.usage, /--annotate/);
});

test('mark writes the register and says what it did not write, and why', { skip }, (t) => {
  const { h } = enrolled(t);
  const d = json(h, ['mark', sample(4), '--group', '3a', '--at', '2026-03-02 08:55']);
  assert.deepEqual(Object.keys(d), ['photos', 'written', 'not_written']);
  assert.deepEqual(d.written.map((w) => [w.person.name, w.group, w.status, w.at, w.already]).sort(), [
    ['Dora', '3a', 'present', '2026-03-02T08:55:00Z', false],
    ['Emma', '3a', 'present', '2026-03-02T08:55:00Z', false],
  ]);
  assert.deepEqual(Object.keys(d.written[0]), ['person', 'group', 'session', 'status', 'at', 'file', 'already', 'sighting']);
  assert.equal(d.written.length + d.not_written.length, d.photos[0].faces.length);
  for (const n of d.not_written) {
    assert.deepEqual(Object.keys(n), ['file', 'box', 'person', 'decision', 'reason', 'sighting']);
    assert.notEqual(n.decision, 'match');
    assert.ok(n.reason.length > 0);
  }
  const roll = json(h, ['roll', '--date', '2026-03-02', '--group', '3a']);
  assert.equal(roll.present, 2);

  const later = json(h, ['mark', sample(4), '--group', '3a', '--at', '2026-03-02 09:40']);
  assert.deepEqual(later.written.map((w) => [w.already, w.at]), Array(2).fill([true, '2026-03-02T08:55:00Z']));
  const late = json(h, ['mark', sample(4), '--at', '2026-03-03 09:40']);
  assert.deepEqual(late.written.map((w) => w.status), ['late', 'late']);
});

test('detect says of each face what is wrong with its picture', { skip }, (t) => {
  const base = folder(t);
  const issues = (bytes) => json(base, ['detect', put(join(base, 'x.jpg'), bytes)])
    .photos[0].faces.map((f) => f.quality.issues);
  assert.deepEqual(issues(portrait('Ana')), [[]]);
  const all = issues(readFileSync(sample(3)));
  assert.equal(all.length, 3);
  for (const face of all) assert.deepEqual(face, ['several faces']);
  // The edge goes through her face.
  assert.deepEqual(issues(crop(1, '304x560+208+176')), [['cut off by the edge']]);
});

test('mark refuses a group, session and time that are none', { skip }, (t) => {
  const { h } = enrolled(t), before = picture(h);
  failed(run(h, ['mark', sample(4), '--group', 'nowhere']), exit.failed, /nowhere/);
  failed(run(h, ['mark', sample(4), '--session', 'nowhere']), exit.failed);
  failed(run(h, ['mark', sample(4), '--at', 'yesteryear']), exit.usage);
  failed(run(h, ['mark', sample(4), '--at', '2026-02-30 08:00']), exit.usage);
  failed(run(h, ['mark', sample(4), '--at', '9026-03-02 08:00']), exit.usage, /9026-03-02T08:00:00Z is more than a day ahead, .*is the date right/);
  failed(run(h, ['mark', sample(4), '--group', '3a', '--session', 'x']), exit.usage);
  assert.deepEqual(picture(h), before);
});

test('mark keeps what it wrote when a later photo fails', { skip }, (t) => {
  const { h, base } = enrolled(t);
  const r = run(h, ['mark', '--json', sample(4), join(base, 'nowhere.jpg'), sample(1), '--at', '2026-03-02 08:55']);
  assert.equal(r.status, exit.failed);
  const d = document(r);
  assert.match(d.photos[1].error, /No such file/);
  assert.deepEqual(d.written.map((w) => w.person.name).sort(), ['Ana', 'Bea', 'Cleo', 'Dora', 'Emma']);
  assert.equal(json(h, ['roll', '--date', '2026-03-02']).present, 5);
});

test('mark of strangers marks nobody', { skip }, (t) => {
  const { h } = enrolled(t), r = run(h, ['mark', '--json', sample(5), '--at', '2026-03-02 08:55']);
  assert.equal(r.status, exit.nothing);
  assert.deepEqual(document(r).written, []);
  assert.equal(json(h, ['roll', '--date', '2026-03-02']).present, 0);
});

test('text for people: a table for each', { skip }, (t) => {
  const { h, base } = enrolled(t), none = put(join(base, 'n.jpg'), nobody());
  assert.match(ok(h, ['detect', sample(1)]), /sample1\.jpg/);
  const who = ok(h, ['identify', sample(1)]);
  for (const name of ['Ana', 'Bea', 'Cleo', 'match']) assert.match(who, new RegExp(name));
  const marked = ok(h, ['mark', sample(4), '--at', '2026-03-02 08:55']);
  assert.match(marked, /Dora.*present.*08:55:00/);
  assert.match(marked, /Not marked:\n/);
  assert.equal(run(h, ['mark', none]).stdout, 'no face in 1 photo\n');
});

test('a full disk while importing is told, and what was acknowledged is kept', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home'), dir = people(join(base, 'in'));
  ok(h, ['people', 'add', 'First']);
  for (const blocks of [0, 8, 32]) {
    const r = shell(h, `ulimit -f ${blocks}; exec "$ROLLCALL" import "$DIR"`, { env: { ...withModels.env, DIR: dir } });
    assert.equal(r.status, exit.failed);
    assert.equal(r.signal, null);
    assert.match(r.stderr, /^rollcall: [^\n]+\n$/);
    const said = Number(/^(\d+) pe/.exec(r.stdout)?.[1] ?? 0);
    assert.ok(names(h).length >= 1 + said);
  }
  assert.match(runPlain(h, ['doctor']).stdout, /^ok +database .*sound/m);
  run(h, ['import', dir]);
  assert.equal(names(h).length, 6);
});

test('eval measures on a small set of its own', { skip }, (t) => {
  const base = folder(t), images = join(base, 'images'), at = (name, i) => join(images, name, `${name}_${String(i).padStart(4, '0')}.jpg`);
  for (const name of ['Ana', 'Bea', 'Cleo', 'Dora', 'Emma'])
    for (const i of [1, 2]) put(at(name, i), copy(portrait(name), i));
  put(at('Nobody', 1), crop(1, '464x560+1328+720'));
  const pairs = join(base, 'pairs.txt');
  writeFileSync(pairs, `5\n${['Ana', 'Bea', 'Cleo', 'Dora', 'Emma'].map((n) => `${n}\t1\t2\n`).join('')}` +
    'Ana\t1\tBea\t1\nCleo\t1\tDora\t1\nEmma\t1\tAna\t2\nBea\t2\tCleo\t2\nNobody\t1\tAna\t1\n');
  const d = json(null, ['eval', '--pairs', pairs, '--images', images]);
  assert.deepEqual([d.pairs, d.used, d.failed_to_detect, d.eer], [10, 9, 1, 0]);
  const all = d.all_against_all;
  assert.deepEqual([all.same, all.different], [5, 40]);
  // The distances are those of the set itself: just below the nearest of 40 different pairs.
  const [nearest] = Object.keys(all.fmr_at_distance);
  assert.ok(nearest > 0.4 && nearest < 0.9, nearest);
  assert.deepEqual([all.fmr_at_distance[nearest], all.fnmr_at_distance[nearest]], [0, 0]);
  assert.deepEqual(Object.keys(d.tar_at_far), ['1e-1', '1e-2', '1e-3', '1e-4']);
  assert.deepEqual(Object.keys(d.threshold_at_far), ['1e-1', '1e-2', '1e-3', '1e-4']);
  assert.match(ok(null, ['eval', '--pairs', pairs, '--images', images, '--scale', '0.5']), /Equal error rate/);
  const found = json(null, ['eval', '--pairs', pairs, '--images', images, '--identification', '3']);
  assert.ok(found.allowed.within);
  assert.deepEqual([found.stranger_named.events, found.wrong_name.events, found.recognised.trials], [0, 0, 6]);
  assert.match(ok(null, ['eval', '--pairs', pairs, '--images', images, '--identification', '3']), /within the budget/);
  failed(run(null, ['eval', '--pairs', pairs, '--images', images, '--table']), exit.usage, /40 comparisons .* too few for a table/);
  failed(run(null, ['eval', '--pairs', pairs]), exit.usage, /--images/);
  failed(run(null, ['eval', '--pairs', pairs, '--images', base]), exit.failed, /No such file/);
});

test('bench measures every stage and network', { skip }, () => {
  for (const photo of [[], ['--photo', sample(1)]]) {
    const d = json(null, ['bench', '--rounds', '1', '--templates', '100', ...photo]);
    assert.deepEqual(Object.keys(d.stages), ['decode', 'detect', 'landmarks', 'embed']);
    for (const stage of Object.values(d.stages)) assert.ok(stage.median_ms > 0 && stage.p95_ms >= stage.median_ms);
    assert.ok(d.cpu.length > 0 && d.pipeline.faces_per_s > 0);
    assert.equal(d.search.templates, 100);
    assert.ok(d.search.gb_per_s > 0 && d.search.share_of_read > 0 && d.peak_read_gb_per_s > 0);
    assert.ok(d.peak_mb > 20);
    assert.ok(photo.length ? d.frames[0].faces > 0 && d.frames[0].median_ms > 0 : d.frames.length === 0);
    for (const network of Object.values(d.networks)) assert.ok(network.gflops > 0 && network.share_of_peak > 0);
  }
});
