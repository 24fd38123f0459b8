import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { commandLines } from './support/processes.ts';
import { recordingGit } from './support/recording-git.ts';
import { createRemote, failureOf, sourceOf } from './support/repository.ts';

test('git processes see an explicit selection of the environment and nothing else (S-003)', async () => {
  const git = recordingGit();
  const source = sourceOf(createRemote().path, {
    environment: {
      PATH: git.path,
      HOME: '/home/x',
      HTTPS_PROXY: 'http://proxy.invalid:1',
      https_proxy: 'http://proxy.invalid:2',
      no_proxy: 'localhost',
      HTTP_PROXY: 'http://left.out:1',
      AWS_ROLE_ARN: 'arn',
      AWS_SECRET_ACCESS_KEY: 'secret',
      KUBECONFIG: '/k',
      GIT_CONFIG_PARAMETERS: "'core.pager=evil'",
      GIT_EXEC_PATH: '/evil',
      GIT_SSH_COMMAND: 'evil',
      GIT_ASKPASS: 'evil',
      GIT_TRACE: '/tmp/evil',
      SSH_AUTH_SOCK: '/s',
      EDITOR: 'evil',
      LD_LIBRARY_PATH: '/evil',
    },
  });
  const base = await source.fetch();
  const [file] = await source.files(base);
  await source.blob(file?.blob ?? '');
  await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
  const environments = git.environments();
  expect(environments.length).toBeGreaterThan(12);
  const ours =
    /^(PATH|HOME|HTTPS_PROXY|https_proxy|no_proxy|AWS_ROLE_ARN|LC_ALL|PWD|OLDPWD|SHLVL|_|FLUX_GIT_RUN|GIT_(TERMINAL_PROMPT|CONFIG_NOSYSTEM|CONFIG_GLOBAL|CONFIG_COUNT|CONFIG_(KEY|VALUE)_\d+|LITERAL_PATHSPECS|ALLOW_PROTOCOL|SSH_VARIANT|SSH_COMMAND|DIR|INDEX_FILE|TEST_DISALLOW_ABBREVIATED_OPTIONS|(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)))$/;
  for (const environment of environments) {
    expect(Object.keys(environment).filter((name) => !ours.test(name))).toEqual([]);
    expect(environment).toMatchObject({ HOME: '/home/x', GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' });
    expect(environment.GIT_ALLOW_PROTOCOL).toMatch(/^(file|none)$/);
    const config = Array.from({ length: Number(environment.GIT_CONFIG_COUNT) }, (_, index) => [
      environment[`GIT_CONFIG_KEY_${index}`],
      environment[`GIT_CONFIG_VALUE_${index}`],
    ]);
    expect(Object.fromEntries(config)).toMatchObject({
      'core.hooksPath': '/dev/null',
      'core.fsmonitor': 'false',
      'gc.auto': '0',
      'transfer.bundleURI': 'false',
      'transfer.fsckObjects': 'true',
      'http.followRedirects': 'false',
      'protocol.ext.allow': 'never',
      'submodule.recurse': 'false',
    });
    expect(environment.GIT_SSH_COMMAND).toMatch(/StrictHostKeyChecking=yes.*BatchMode=yes.*ForwardAgent=no.*ProxyCommand=none/);
  }
});

test('a missing git is told as such', async () => {
  const source = sourceOf(createRemote().path, { environment: { PATH: '/nonexistent' } });
  expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/not-installed' });
});

test('all of a repository’s traffic with a password leaves it out of arguments, environments, errors, logs and files', async () => {
  const remote = createRemote();
  const seen: string[] = [];
  const server = await serveGitOverHttp(rootOf(remote.path), {
    user: 'ann',
    password: 'hunter2/@:',
    intercept: () => {
      seen.push(...commandLines().values());
      return false;
    },
  });
  const directory = `${rootOf(remote.path)}/mirror`;
  const git = recordingGit();
  const url = `${server.origin.replace('//', '//ann:hunter2%2F%40%3A@')}/remote.git`;
  const source = sourceOf(url, { directory, environment: { PATH: git.path } });
  expect(source.safeUrl).toBe(`${server.origin.replace('//', '//ann@')}/remote.git`);
  const base = await source.fetch();
  expect(source.state().status).toBe('ready');
  await source.commit({ base, edits: [{ path: 'x', content: 'x' }], message: 'm', jobId: 'j', note: '{}' });
  expect(server.requests.some((request) => request.endsWith('as ann'))).toBe(true);
  expect(seen.some((line) => line.includes('remote-http'))).toBe(true);
  expect(seen.filter((line) => line.includes('hunter2'))).toEqual([]);
  expect(JSON.stringify(git.calls())).not.toContain('hunter2');
  expect(JSON.stringify(git.environments())).not.toContain('hunter2');
  // The socket answers for its own place only, and its file may vanish.
  expect(await asked(join(directory, 'credentials'), server.origin.replace('//127', '//128'))).toBe('');
  rmSync(join(directory, 'credentials'));
  remote.commit({ y: 'y' });
  await source.fetch();
  expect(await asked(join(directory, 'credentials'), server.origin)).toBe('username=ann\npassword=hunter2/@:\n');
  expect(statSync(directory).mode & 0o077).toBe(0);
  expect(() => execFileSync('grep', ['-r', 'hunter2', directory])).toThrow();
});

/** What the socket says when git asks it for an origin. */
function asked(path: string, origin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () =>
      socket.end(`action=get\ntimeout=900\nprotocol=http\nhost=${origin.replace('http://', '')}\n`),
    );
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject).on('end', () => resolve(answer));
  });
}
