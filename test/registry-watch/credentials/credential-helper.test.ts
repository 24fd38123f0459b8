import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { askHelper } from '../../../src/registry-watch/credentials/credential-helper.ts';
import { createCredentialSource } from '../../../src/registry-watch/credentials/index.ts';
import { until } from '../../support/until.ts';
import { FakeClock } from '../fake-clock.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'helpers-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Installs a helper, a shell script. */
function install(name: string, script: string): void {
  const path = join(directory, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const environment = { HOME: '/home/flux', HTTPS_PROXY: 'http://proxy:3128', GIT_AUTHKEY: 's3cret', PATH: '/bin' };
const ask = (name: string, host = 'r.io', timeoutMs?: number) =>
  askHelper(name, host, { directory, environment, clock: systemClock, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
const answer = (username: string, secret: string) => `echo '{"ServerURL":"x","Username":"${username}","Secret":"${secret}"}'`;

describe('a credential helper', () => {
  test('is asked for the host on its standard input, with one argument and few variables', async () => {
    install(
      'spy',
      `cat > "${directory}/input"; echo "$#:$1" > "${directory}/arguments"; /usr/bin/env > "${directory}/environment"; ${answer('me', 'pass')}`,
    );
    const credential = await ask('spy');
    expect([credential?.username, credential?.password.reveal(), credential?.source]).toEqual([
      'me',
      'pass',
      'docker-credential-spy',
    ]);
    const seen = (file: string) => readFileSync(join(directory, file), 'utf8');
    expect([seen('input'), seen('arguments')]).toEqual(['r.io', '1:get\n']);
    const variables = seen('environment')
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(variables).toEqual(expect.arrayContaining(['HOME', 'HTTPS_PROXY']));
    expect(variables).not.toContain('GIT_AUTHKEY');
    await ask('spy', 'index.docker.io');
    expect(seen('input')).toBe('https://index.docker.io/v1/');
  });

  test('may return an identity token, or have nothing', async () => {
    install('token', answer('<token>', 'abc'));
    expect(await ask('token')).toMatchObject({ kind: 'identity token' });
    install('empty', 'echo "credentials not found in native keychain"; exit 1');
    expect(await ask('empty')).toBeUndefined();
  });

  test.each<[string, string, string]>([
    ['fails', 'echo s3cret; echo s3cret >&2; exit 3', 'docker-credential-fails ended with exit code 3'],
    ['dies', 'kill -9 $$', 'docker-credential-dies ended with SIGKILL'],
    ['garbles', 'echo s3cret', 'docker-credential-garbles returned no user name and secret'],
    ['lacks', 'echo \'{"Username":"s3cret"}\'', 'returned no user name and secret'],
    ['floods', 'while :; do echo s3crets3crets3crets3crets3crets3crets3cret; done', 'wrote more than 65536 bytes'],
  ])('that %s is an error without its words', async (name, script, message) => {
    install(name, script);
    await expect(ask(name)).rejects.toMatchObject({ code: 'registry/no-credential', message: expect.stringContaining(message) });
    await expect(ask(name)).rejects.toMatchObject({ message: expect.not.stringContaining('s3cret') });
  });

  test('that is missing, or may not be run, is named', async () => {
    await expect(ask('none')).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') });
    install('plain', answer('a', 'b'));
    chmodSync(join(directory, 'docker-credential-plain'), 0o644);
    await expect(ask('plain')).rejects.toMatchObject({ message: expect.stringContaining('EACCES') });
  });

  test('that hangs is killed with its children', async () => {
    install('hangs', `sleep 600 & echo $! > "${directory}/child"; wait`);
    await expect(ask('hangs', 'r.io', 300)).rejects.toMatchObject({
      message: expect.stringContaining('did not end within 0.3 s'),
    });
    const child = Number(readFileSync(join(directory, 'child'), 'utf8'));
    const state = () =>
      existsSync(`/proc/${child}/stat`) ? readFileSync(`/proc/${child}/stat`, 'utf8').split(') ')[1]?.[0] : 'gone';
    await until('the child is gone', () => ['gone', 'Z'].includes(state() ?? 'gone'));
  });
});

test('a Docker config chooses a helper for its host, then auths, then the store, and asks once in five minutes', async () => {
  const count = join(directory, 'count');
  install('one', `echo >> "${count}"; ${answer('helper', 'p')}`);
  install('store', answer('store', 'p'));
  const clock = new FakeClock();
  const entry = { username: 'file', password: 'p' };
  const config = { auths: { 'one.io': entry, 'file.io': entry }, credHelpers: { 'one.io': 'one' }, credsStore: 'store' };
  const credentials = createCredentialSource({
    clock,
    log: silentLogger(),
    readCore: async () => undefined,
    readFile: async () => JSON.stringify(config),
    dockerConfigFile: '/config.json',
    helperDirectory: directory,
  });
  const user = async (host: string) => (await credentials.candidates(host, [])).credentials[0]?.username;
  expect([await user('one.io'), await user('file.io'), await user('other.io')]).toEqual(['helper', 'file', 'store']);
  await Promise.all([user('one.io'), user('one.io')]);
  expect(readFileSync(count, 'utf8')).toBe('\n');
  clock.advance(300_000);
  await user('one.io');
  expect(readFileSync(count, 'utf8')).toBe('\n\n');
});
