// SPDX-License-Identifier: MIT
// The built-in pages in a real browser: the printed link, signing in and out, by keyboard alone.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { browse, missing } from './browser.mjs';
import { serve } from './server.mjs';

async function started(t) {
  const server = await serve();
  t.after(() => server.stop());
  return server;
}

/** Goes to a field by Tab alone, at most ten times. */
async function tabTo(page, id) {
  for (let i = 0; i < 10; i++) {
    if (await page.run('document.activeElement.id') === id) return;
    await page.press('Tab');
  }
  assert.fail(`#${id} is not reached by Tab`);
}

/** Nothing sticks out, every field has its label; keeps a picture where $ROLLCALL_SCREENSHOTS says. */
async function look(page, name) {
  for (const [width, height, dark] of [[1280, 800, false], [390, 844, false], [390, 844, true]]) {
    await page.size(width, height, { dark });
    const [content, view] = await page.run('[document.documentElement.scrollWidth, innerWidth]');
    assert.ok(content <= view, `${name} is ${content} wide at ${view}`);
    const file = `${name}-${width}${dark ? '-dark' : ''}.png`;
    if (process.env.ROLLCALL_SCREENSHOTS) writeFileSync(join(process.env.ROLLCALL_SCREENSHOTS, file), await page.screenshot());
  }
  const bare = await page.run('[...document.querySelectorAll("input")].filter((i) => i.labels.length === 0).map((i) => i.id)');
  assert.deepEqual(bare, []);
}

test('the printed link makes an administrator, who signs out and in again', { skip: missing }, async (t) => {
  const server = await started(t), page = await browse(t);
  await page.open(`${server.base}/link#${server.token}`);
  await page.until('!document.getElementById("use").hidden');
  await look(page, 'link');
  await tabTo(page, 'name');
  await page.run('document.activeElement.select()');
  await page.type('Ada Head');
  await tabTo(page, 'email');
  await page.type('ada@school.example');
  await tabTo(page, 'password');
  await page.type('correct horse battery');
  await tabTo(page, 'again');
  await page.type('something else');
  await page.press('Enter');
  await page.until('/not the same/.test(document.getElementById("message").textContent)');
  assert.equal(await page.run('document.activeElement.id'), 'again');
  await look(page, 'link-problem');
  await page.run('document.activeElement.select()');
  await page.type('correct horse battery');
  await page.press('Enter');
  await page.until('location.pathname === "/" && !document.getElementById("signed-in").hidden');
  assert.equal(await page.run('document.getElementById("name").textContent'), 'Ada Head');
  assert.equal(await page.run('document.getElementById("role").textContent'), 'administrator');
  await look(page, 'signed-in');

  await tabTo(page, 'sign-out');
  await page.press('Enter');
  await page.until('!document.getElementById("signed-out").hidden');
  await look(page, 'signed-out');
  await tabTo(page, 'email');
  await page.type('ada@school.example');
  await tabTo(page, 'password');
  await page.type('wrong password');
  await page.press('Enter');
  await page.until('document.getElementById("message").textContent !== "" && !document.querySelector("#sign-in button").disabled');
  assert.equal(await page.run('document.getElementById("signed-in").hidden'), true);
  await tabTo(page, 'password');
  await page.type('correct horse battery');
  await page.press('Enter');
  await page.until('!document.getElementById("signed-in").hidden');
  // The refused sign-in is the only thing the console may have seen.
  assert.deepEqual(page.errors.filter((text) => !/401/.test(text)), []);
});

test('a link that does not work says so', { skip: missing }, async (t) => {
  const server = await started(t), page = await browse(t);
  for (const [hash, title] of [['#nonsense', /does not work/], ['', /not whole/]]) {
    await page.open('about:blank');
    await page.open(`${server.base}/link${hash}`);
    await page.until(`${title}.test(document.getElementById("title").textContent)`);
    assert.equal(await page.run('document.getElementById("use").hidden'), true);
  }
});

test('pages come with a policy that lets in nothing else, and are looked at again', async (t) => {
  const server = await started(t);
  for (const path of ['/', '/link']) {
    const page = await server.get(path);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.doesNotMatch(page.text, /<script(?![^>]*src=)|<style|\son[a-z]+=|style=/);
    for (const [, part] of page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      const answer = await server.get(part);
      assert.equal(answer.status, 200, part);
      assert.match(answer.type, /^text\/(css|javascript)/);
      const again = await server.get(part, { 'If-None-Match': answer.headers.get('etag') });
      assert.equal(again.status, 304, part);
    }
  }
  assert.equal((await server.get('/assets/index.html')).status, 404);
  assert.equal((await server.get('/assets/none.css')).status, 404);
  assert.ok([400, 404].includes((await server.get('/assets/..%2Fpage.css')).status));
});
