import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { accept } from '../../src/git/accept.ts';
import { sampled } from '../support/sampled.ts';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { processesWith } from './support/processes.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';

describe('over HTTP', () => {
  test('clones, commits, records and follows other people', async () => {
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path));
    const source = sourceOf(`${server.origin}/remote.git`);
    const base = await source.fetch();
    const made = await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
    await source.recordSync({ revision: accept(made), record: '{}' });
    expect(remote.git('rev-parse', 'main', 'flux-sync^{commit}')).toBe(`${made}\n${made}`);
    expect(await source.fetch()).toBe(made);
    const theirs = remote.commit({ 'y.yaml': 'y' });
    expect(await source.fetch()).toBe(theirs);
  });

  test.each(
    sampled(
      'old protocols',
      [
        ['all that it can', ['report-status', 'side-band-64k', 'ofs-delta', 'delete-refs', 'multi_ack', 'multi_ack_detailed']],
        ['next to nothing', ['report-status']],
      ] as const,
      1,
    ),
  )('a server that knows only an old protocol, and of it %s, is read and written', async (_, capabilities) => {
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path), { capabilities });
    const source = sourceOf(`${server.origin}/remote.git`);
    const base = await source.fetch();
    const made = await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
    await source.recordSync({ revision: accept(made), record: '{}' });
    expect(remote.git('rev-parse', 'main', 'flux-sync^{commit}')).toBe(`${made}\n${made}`);
    expect(remote.git('notes', '--ref=flux', 'show', made)).toBe('{}');
    const theirs = remote.commit({ 'y.yaml': 'y' });
    expect(await source.fetch()).toBe(theirs);
  });

  test('a wrong password is told without the password, a missing repository by its URL', async () => {
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path), { user: 'ann', password: 'right' });
    const source = sourceOf(`${server.origin.replace('//', '//ann:wrong-one@')}/remote.git`);
    const denied = await failureOf(source.fetch());
    expect(denied).toMatchObject({ code: 'git/denied' });
    expect(`${denied.message}${denied.help}${denied.stack}`).not.toContain('wrong-one');
    expect(source.state().status).toBe('new');
    const anonymous = await failureOf(sourceOf(`${server.origin}/remote.git`).fetch());
    expect(anonymous).toMatchObject({ code: 'git/denied' });
    const open = await serveGitOverHttp(rootOf(remote.path));
    expect(await failureOf(sourceOf(`${open.origin}/nosuch.git`).fetch())).toMatchObject({ code: 'git/no-repository' });
  });

  test.each([
    ['another host', (elsewhere: string, url: string) => `${elsewhere}${url}`],
    ['another scheme', (_: string, url: string) => `https://127.0.0.1:1${url}`],
    ['what is no repository', () => '/latest/meta-data'],
    ['a user of its own', (_: string, url: string) => `http://x:y@127.0.0.1:1${url}`],
    ['itself', (_: string, url: string) => url],
  ])('a redirect to %s is refused, and nothing is asked there (S-009)', async (_, location) => {
    const remote = createRemote();
    const elsewhere = await serveGitOverHttp(rootOf(remote.path), { user: 'ann', password: 'right' });
    const server = await serveGitOverHttp(rootOf(remote.path), {
      intercept: (request, response) => {
        response.writeHead(302, { location: location(elsewhere.origin, request.url ?? '') }).end();
        return true;
      },
    });
    const source = sourceOf(`${server.origin.replace('//', '//ann:right@')}/remote.git`);
    expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/redirected', help: expect.stringContaining('--git-url') });
    expect(elsewhere.requests).toEqual([]);
    expect(server.requests.filter((request) => !request.includes('/remote.git/info/refs'))).toEqual([]);
  });

  test('a renamed repository is followed within its host, for reading and writing, and found again when it is renamed back', async () => {
    const remote = createRemote();
    let names: Record<string, string> = { '/old': '/old.git', '/old.git': '/remote.git' };
    const server = await serveGitOverHttp(rootOf(remote.path), {
      user: 'ann',
      password: 'right',
      intercept: (request, response) => {
        const url = request.url ?? '';
        const from = Object.keys(names).find((name) => url.startsWith(`${name}/`));
        if (from === undefined || request.headers.authorization === undefined) return false;
        response.writeHead(301, { location: `${names[from]}${url.slice(from.length)}` }).end();
        return true;
      },
    });
    const source = sourceOf(`${server.origin.replace('//', '//ann:right@')}/old`);
    const base = await source.fetch();
    expect(source.state().status).toBe('ready');
    const made = await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
    expect(remote.git('rev-parse', 'main')).toBe(made);
    expect(source.safeUrl).toContain('/old');
    renameSync(remote.path, `${rootOf(remote.path)}/newer.git`);
    names = { '/old': '/newer.git' };
    await failureOf(source.fetch());
    expect(await source.fetch()).toBe(made);
  });

  test('a read-only server is cloned and synced; the state says why nothing can be written, asked for at most once a minute (R-041)', async () => {
    const remote = createRemote();
    let asked = 0;
    const server = await serveGitOverHttp(rootOf(remote.path), {
      intercept: (request, response) => {
        if (!request.url?.includes('git-receive-pack')) return false;
        asked += 1;
        response.writeHead(403).end('read only');
        return true;
      },
    });
    let now = 0;
    const source = sourceOf(`${server.origin}/remote.git`, {
      clock: { ...systemClock, now: () => now, monotonic: () => now, sleep: () => new Promise<void>(() => undefined) },
    });
    const head = await source.fetch();
    expect(await source.files(head)).toHaveLength(1);
    expect(source.state()).toMatchObject({ status: 'cloned', error: { code: 'git/not-writable' } });
    expect(source.state().error?.message).toMatch(/^attempt to push: .*403/);
    const after = asked;
    await source.fetch();
    expect(asked).toBe(after);
    now += 60_000;
    await source.fetch();
    expect(asked).toBeGreaterThan(after);
  });

  test('a server in trouble leaves the last revision readable, and is used again when it recovers (R-030)', async () => {
    const remote = createRemote();
    let status = 0;
    const server = await serveGitOverHttp(rootOf(remote.path), {
      intercept: (_request, response) => {
        if (status === 0) return false;
        response.writeHead(status).end('trouble');
        return true;
      },
    });
    const source = sourceOf(`${server.origin}/remote.git`);
    const head = await source.fetch();
    for (const trouble of [500, 503, 429, 401, 403, 404]) {
      status = trouble;
      await failureOf(source.fetch());
      expect(source.state().status).toBe('new');
      expect(await source.files(head)).toHaveLength(1);
    }
    status = 0;
    expect(await source.fetch()).toBe(head);
    expect(source.state().status).toBe('ready');
  });

  test('a server that never answers is given up at the deadline, and no process stays', async () => {
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path), { intercept: () => true });
    const directory = join(temporaryDirectory(), 'mirror');
    const source = sourceOf(`${server.origin}/remote.git`, { directory, timeoutMs: 700 });
    const failure = await failureOf(source.fetch());
    expect(failure).toMatchObject({ code: 'git/timeout', message: 'git fetch: no result within 0.7 s' });
    expect(processesWith(directory)).toEqual([]);
  });

  test('an unknown host is unreachable', async () => {
    const source = sourceOf('http://nosuch.invalid/x');
    expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/unreachable' });
    expect(source.state().status).toBe('unreachable');
  });
});
