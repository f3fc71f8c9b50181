// SPDX-License-Identifier: MIT
// A headless Chromium over its DevTools protocol: messages through two pipes, a zero byte after each.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => !spawnSync(name, ['--version']).error);

/** Why there is no browser here, or false: for a test's `skip`. */
export const missing = program ? false : 'chromium is not installed';

/** One tab. Its `errors` are what the page's console complained of. */
class Page {
  constructor(send) { Object.assign(this, { send, errors: [] }); }

  /** The value of an expression in the page; promises are awaited. */
  async run(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, `${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  /** Waits until an expression is true. */
  async until(expression) {
    for (let i = 0; i < 2000; i++) {
      // While a page gives way to the next there is no place to look.
      if (await this.run(expression).catch(() => false)) return;
      await new Promise((f) => setTimeout(f, 20));
    }
    throw new Error(`never: ${expression}; the page says: ${await this.run('document.body.innerText')}`);
  }

  async open(url) { await this.send('Page.navigate', { url }); }

  /** Types into the field that has the focus, as a keyboard does. */
  type(text) { return this.send('Input.insertText', { text }); }

  async press(key, code = { Tab: 9, Enter: 13 }[key]) {
    const event = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' ? { text: '\r' } : {}) };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  size(width, height, { dark = false } = {}) {
    return Promise.all([
      this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 }),
      this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] }),
    ]);
  }

  async screenshot() {
    return Buffer.from((await this.send('Page.captureScreenshot', { format: 'png' })).data, 'base64');
  }
}

/** Starts a browser that is closed after the test; gives its one page. */
export async function browse(t) {
  const profile = mkdtempSync(join(tmpdir(), 'rollcall-browser-'));
  const child = spawn(program, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
    '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true });
  const gone = once(child, 'exit');
  t.after(async () => {
    // Its helpers are of its group, and write into the profile for a moment longer than it lives.
    try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended by itself */ }
    await gone;
    for (let i = 0; i < 100 && existsSync(profile); i++) {
      try {
        rmSync(profile, { recursive: true, force: true });
      } catch {
        await new Promise((f) => setTimeout(f, 100));
      }
    }
  });
  const [, , , into, from] = child.stdio;
  const waiting = new Map();
  let last = 0, page = null;
  const sendTo = (sessionId) => (method, params = {}) => new Promise((resolve, reject) => {
    waiting.set(++last, { resolve, reject });
    into.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
  });
  const receive = ({ id, result, error, method, params }) => {
    if (id) {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(new Error(error.message)); else resolve(result);
    } else if (method === 'Runtime.exceptionThrown') page?.errors.push(params.exceptionDetails.exception?.description ?? 'exception');
    else if (method === 'Log.entryAdded' && params.entry.level === 'error') page?.errors.push(params.entry.text);
  };
  let rest = '';
  from.setEncoding('utf8').on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop();
    messages.forEach((message) => receive(JSON.parse(message)));
  });
  into.on('error', () => {}); // a browser that has gone
  child.on('exit', () => waiting.forEach(({ reject }) => reject(new Error('the browser ended'))));
  const browser = sendTo(undefined);
  const { targetId } = await browser('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser('Target.attachToTarget', { targetId, flatten: true });
  page = new Page(sendTo(sessionId));
  for (const domain of ['Page', 'Runtime', 'Log']) await page.send(`${domain}.enable`);
  return page;
}
