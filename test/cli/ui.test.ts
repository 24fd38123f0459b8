import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import type { Keyboard } from '../../src/cli/index.ts';
import { daemonOf, serve } from '../api/daemon-fixture.ts';
import { PodServer } from '../cluster/pod-server.ts';
import { fluxctl } from './daemon.ts';

const BESIDE = { sleep: systemClock.sleep };
const UI = { ui: { assets: new Map(), may: 'read-only' } } as const;

/** A folder with an `xdg-open` that writes down what it is given. */
function browserIn(script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'flux-browser-'));
  writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'xdg-open'), 0o755);
  return {
    path: `${folder}:${process.env.PATH}`,
    opened: () => readFileSync(join(folder, 'opened'), 'utf8'),
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

describe('fluxctl ui', () => {
  test('opens a link with a code that the daemon takes once', async () => {
    using browser = browserIn('echo "$1" > "$(dirname "$0")/opened"');
    await using api = await serve(daemonOf(), UI);
    const origin = `http://127.0.0.1:${api.port}`;
    const { code, stdout } = await fluxctl(['ui', '--url', `${origin}/api/flux`], { PATH: browser.path }, BESIDE);
    expect(code).toBe(0);
    const link = /^Opening (\S+) \(the link works once, for a minute\)\n$/.exec(stdout)?.[1] ?? '';
    expect(browser.opened()).toBe(`${link}\n`);
    expect(link).toMatch(new RegExp(`^${origin}/ui/#code=[\\w-]{32}$`));
    const exchange = () =>
      api.post('/api/v1/ui/sessions', JSON.stringify({ code: link.split('=')[1] }), { 'content-type': 'application/json' });
    expect((await exchange()).status).toBe(201);
    expect((await exchange()).status).toBe(403);
  });

  test.each([
    ['there is no browser', 'exit 3', []],
    ['none is wanted', 'echo "$1" > "$(dirname "$0")/opened"', ['--no-browser']],
  ])('prints the link if %s', async (_, script, flags) => {
    using browser = browserIn(script);
    await using api = await serve(daemonOf(), UI);
    const line = ['ui', ...flags, '--url', `http://127.0.0.1:${api.port}/api/flux`];
    const { code, stdout } = await fluxctl(line, { PATH: browser.path }, BESIDE);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Open http:\/\/127\.0\.0\.1:\d+\/ui\/#code=/)]);
    expect(() => browser.opened()).toThrow('ENOENT');
  });

  test('opens it again by Enter, says what is wrong while it cannot, and ends by q', async () => {
    using browser = browserIn('echo "$1" >> "$(dirname "$0")/opened"');
    const directory = mkdtempSync(join(tmpdir(), 'fluxctl-ui-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const server = new PodServer();
    onTestFinished(() => server.stop());
    server.pods = { 'app=flux': ['flux-1'] };
    const kubeconfig = join(directory, 'kubeconfig');
    const config = {
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${await server.start()}` } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    let codes = 0;
    server.reply = (line) => {
      if (line.startsWith('GET /api/v1/ui/session ')) return '{"may":"read-only"}';
      codes += 1;
      return JSON.stringify({ code: `code-${codes}` });
    };
    let closed = false;
    const keyboard: Keyboard = {
      keys: (async function* () {
        yield 'x';
        yield '\r';
        server.complaint = 'connection refused\n';
        yield '\r';
        server.complaint = '';
        yield '\n';
        yield 'q';
        yield '\r';
      })(),
      close: () => {
        closed = true;
      },
    };
    const { code, stdout, stderr } = await fluxctl(
      ['ui', '--k8s-fwd-ns=flux'],
      { PATH: browser.path, KUBECONFIG: kubeconfig },
      { ...BESIDE, isTTY: true, keyboard: () => keyboard },
    );
    expect([code, closed]).toEqual([0, true]);
    expect(stdout).toContain('Enter opens the page again, q ends.\n');
    expect(browser.opened().match(/code-\d/g)).toEqual(['code-1', 'code-2', 'code-3']);
    expect(stderr).toMatch(/^.*connection refused.*\n$/);
  });

  test('says so where the daemon serves no page', async () => {
    await using api = await serve();
    const { code, stdout, stderr } = await fluxctl(['ui', '--url', `http://127.0.0.1:${api.port}/api/flux`]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('--ui=off');
  });
});
