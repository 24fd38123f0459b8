import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plant } from '../../support/canaries.ts';
import { sampled } from '../../support/sampled.ts';
import { createTestLog } from '../../support/test-log.ts';
import { rootOf, serveGitOverHttp } from '../support/http-server.ts';
import { commandLines } from '../support/processes.ts';
import { recordingGit } from '../support/recording-git.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from '../support/repository.ts';

/** A file with a token, replaced as the kubelet does it. */
function tokenFile(token: string) {
  const file = join(temporaryDirectory(), 'token');
  writeFileSync(file, token);
  return {
    file,
    replace(next: string) {
      writeFileSync(`${file}.new`, next);
      renameSync(`${file}.new`, file);
    },
  };
}

const basic = (user: string, token: string) => `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;

describe.each(sampled('ways to send a token', ['basic', 'bearer'] as const, 1))('a token file, sent as %s', (type) => {
  const header = (token: string) => (type === 'basic' ? basic('x-token-auth', token) : `Bearer ${token}`);

  test('reads and writes, and a replaced token is used by the next command', async () => {
    const remote = createRemote();
    const { first, second } = plant('first', 'second');
    let valid = first;
    const server = await serveGitOverHttp(rootOf(remote.path), { admits: (given) => given === header(valid) });
    const token = tokenFile(`  ${first}\n`);
    const source = sourceOf(`${server.origin}/remote.git`, { authentication: { kind: 'token-file', file: token.file, type } });
    const base = await source.fetch();
    expect(source.state().status).toBe('ready');
    valid = second;
    expect(await failureOf(source.fetch())).toMatchObject({
      code: 'git/denied',
      help: expect.stringContaining('--git-token-file'),
    });
    token.replace(second);
    const made = await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
    expect(await source.fetch()).toBe(made);
  });

  test('stays out of arguments, errors and logs, in every form, also when the host echoes the present or a former one', async () => {
    const remote = createRemote();
    const { former, present } = plant('former', 'present');
    const lines: string[] = [];
    const secrets = [former, present].flatMap((secret) => [secret, header(secret).split(' ').at(-1) ?? '']);
    let echo = secrets.slice(0, 2);
    const server = await serveGitOverHttp(rootOf(remote.path), {
      admits: (given) => [former, present].some((token) => given === header(token)),
      intercept: (request, response) => {
        lines.push(...[...commandLines().values()].filter((line) => line.includes('git')));
        if (!request.url?.includes('receive-pack')) return false;
        response.writeHead(403, { 'content-type': 'text/plain' }).end(echo.join(' and '));
        return true;
      },
    });
    const git = recordingGit();
    const token = tokenFile(former);
    const { log, lines: told } = await createTestLog();
    const source = sourceOf(`${server.origin}/remote.git`, {
      authentication: { kind: 'token-file', file: token.file, type },
      environment: { PATH: git.path },
      log,
    });
    await source.fetch();
    token.replace(present);
    echo = secrets;
    remote.commit({ y: 'y' });
    const base = await source.fetch();
    const failure = await failureOf(
      source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' }),
    );
    expect(failure.message).toContain('*** and ***');
    const { message, help, stack } = failure;
    const outputs = JSON.stringify([message, help, stack, String(source.state().error?.message), told(), git.calls(), lines]);
    expect(lines.some((line) => line.includes('remote-http'))).toBe(true);
    expect(secrets.filter((secret) => outputs.includes(secret))).toEqual([]);
    // Where git cannot be given a bearer token otherwise: in the environment of what talks to the host, and of nothing else.
    const knowing = git.environments().filter((environment) => JSON.stringify(environment).includes(present));
    expect(knowing.length > 0).toBe(type === 'bearer');
    expect(new Set(knowing.map(({ GIT_ALLOW_PROTOCOL }) => GIT_ALLOW_PROTOCOL))).toEqual(
      new Set(type === 'bearer' ? ['http'] : []),
    );
  });

  test('a redirect leads it to no other place', async () => {
    const remote = createRemote();
    const elsewhere = await serveGitOverHttp(rootOf(remote.path));
    const server = await serveGitOverHttp(rootOf(remote.path), {
      intercept: (request, response) => {
        response.writeHead(302, { location: `${elsewhere.origin}${request.url}` }).end();
        return true;
      },
    });
    const source = sourceOf(`${server.origin}/remote.git`, {
      authentication: { kind: 'token-file', file: tokenFile('the-token').file, type },
    });
    expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/redirected' });
    expect(elsewhere.requests).toEqual([]);
  });
});

test('the user of the URL goes with the token', async () => {
  const remote = createRemote();
  const server = await serveGitOverHttp(rootOf(remote.path), { user: 'org', password: 'the-token' });
  const source = sourceOf(`${server.origin.replace('//', '//org@')}/remote.git`, {
    authentication: { kind: 'token-file', file: tokenFile('the-token').file, type: 'basic' },
  });
  await source.fetch();
  expect(source.state().status).toBe('ready');
});

test.each<[string, (file: string) => void, string]>([
  ['is missing', () => undefined, 'ENOENT'],
  ['is empty', (file) => writeFileSync(file, ' \n'), 'it is empty'],
  ['is a directory', (file) => mkdirSync(file), 'it is not a file'],
  ['is large', (file) => writeFileSync(file, 'x'.repeat(70_000)), 'it is larger than 64 KiB'],
  ['has two lines', (file) => writeFileSync(file, 'hunter2\nhunter3'), 'it is not one line with a token'],
  ['has a name', (file) => writeFileSync(file, 'token hunter2'), 'it is not one line with a token'],
  ['is binary', (file) => writeFileSync(file, 'hunter2\0'), 'it is not one line with a token'],
])('a token file that %s fails the fetch by name, before the host is asked', async (_, write, why) => {
  const remote = createRemote();
  const server = await serveGitOverHttp(rootOf(remote.path));
  const file = join(temporaryDirectory(), 'token');
  write(file);
  const source = sourceOf(`${server.origin}/remote.git`, { authentication: { kind: 'token-file', file, type: 'basic' } });
  const failure = await failureOf(source.fetch());
  expect(failure).toMatchObject({ code: 'git/secret-file', help: expect.stringContaining('file') });
  expect(failure.message).toMatch(new RegExp(`^--git-token-file ${file}: .*${why}`));
  expect(failure.message).not.toContain('hunter');
  expect(server.requests).toEqual([]);
});
