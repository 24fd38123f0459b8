import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { parseFlags } from '../../src/config/index.ts';
import { openSignatures } from '../../src/git/index.ts';
import { sampled } from '../support/sampled.ts';
import { hostileValues } from './support/hostile-values.ts';
import { recordingGit } from './support/recording-git.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';
import { signedHistory } from './support/signed-history.ts';
import { haveSigners, sshKey } from './support/signing-keys.ts';

const canaryIn = (directory: string) => join(directory, 'canary');

test.each([
  ['--git-signing-key', []],
  ['--git-signing-key', ['--git-signing-format=ssh']],
  ['--git-allowed-signers-file', []],
  ['--git-push-branch', []],
])('hostile values of %s with %j are refused at the start', (flag, more) => {
  for (const value of hostileValues('/tmp/canary')) {
    const argv = ['--git-url=https://example.org/r', ...more, `${flag}=${value}`];
    const parsed = parseFlags(argv, { version: '1', environment: {}, readFile: () => '' });
    if (!('exit' in parsed)) throw new Error(`accepted: ${flag}=${JSON.stringify(value)}`);
    expect(parsed.stderr).toContain(flag);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be shown
    expect(parsed.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  }
});

/** Names of refs that git accepts, and a shell would run. */
const refNames = (canary: string) => [
  `$(touch\${IFS}${canary})`,
  `\`touch\${IFS}${canary}\``,
  `;touch\${IFS}${canary};`,
  `|touch\${IFS}${canary}`,
  `x';touch\${IFS}${canary};'`,
  `a/--upload-pack=touch\${IFS}${canary}`,
  `!touch\${IFS}${canary}`,
  '%(objectname)',
  'v1+{1}',
  'v\u202e1',
];

/** No name of the repository comes before the end of the options, unless behind our own prefix. */
function expectNoOption(calls: readonly (readonly string[])[]): void {
  for (const call of calls) {
    const end = call.findIndex((argument) => argument === '--' || argument === '--end-of-options');
    for (const argument of call.slice(1, end < 0 ? undefined : end))
      if (/touch|upload-pack/.test(argument)) expect(argument).toMatch(/^--(force-with-lease=refs\/|initial-branch=)/);
  }
}

describe('names of refs that exist', () => {
  test.each(['tag', 'branch'] as const)('a %s with a hostile name is followed, and nothing runs', async (kind) => {
    const directory = temporaryDirectory();
    const remote = createRemote();
    const head = remote.git('rev-parse', 'main');
    const git = recordingGit();
    for (const name of sampled(`hostile names of a ${kind}`, refNames(canaryIn(directory)), 3)) {
      remote.git('update-ref', `refs/${kind === 'tag' ? 'tags' : 'heads'}/${name}`, head);
      const follow = kind === 'tag' ? { ref: `refs/tags/${name}`, access: 'read-only' as const } : { branch: name };
      const source = sourceOf(remote.path, { environment: { PATH: git.path, HOME: '/nonexistent' }, ...follow });
      expect(await source.fetch()).toBe(head);
      expect(await source.files(head)).toHaveLength(1);
    }
    expectNoOption(git.calls());
    expect(existsSync(canaryIn(directory))).toBe(false);
  });

  test('a branch for review with a hostile name is pushed as this name or refused, and nothing runs', async () => {
    const directory = temporaryDirectory();
    const canary = canaryIn(directory);
    const remote = createRemote();
    const git = recordingGit();
    const source = sourceOf(remote.path, { environment: { PATH: git.path, HOME: '/nonexistent' } });
    const base = await source.fetch();
    const names = [...refNames(canary), ...hostileValues(canary).filter((value) => !value.includes('\0'))];
    for (const name of sampled('hostile names of a branch for review', names, 4)) {
      const edits = [{ path: 'apps/a.yaml', content: 'a: 2\n' }];
      const proposal = { name, base, edits, message: 'm', trailers: [], jobId: 'j', expected: undefined };
      await source.propose(proposal).catch(() => undefined);
    }
    expect(remote.git('rev-parse', 'main')).toBe(base);
    expectNoOption(git.calls());
    expect(existsSync(canary)).toBe(false);
  });
});

describe.runIf(haveSigners())('keys', () => {
  async function open(options: Partial<Parameters<typeof openSignatures>[0]>) {
    const signatures = await openSignatures({
      directory: temporaryDirectory(),
      imports: [],
      environment: { PATH: process.env.PATH, HOME: '/nonexistent' },
      clock: systemClock,
      log: silentLogger(),
      ...options,
    });
    onTestFinished(() => signatures.close());
    return signatures;
  }

  test('hostile paths and file names of --git-gpg-key-import import nothing, and run nothing', async () => {
    const directory = temporaryDirectory();
    const canary = canaryIn(directory);
    const keys = temporaryDirectory();
    const values = hostileValues(canary).filter((value) => !value.includes('\0'));
    for (const value of sampled('files with hostile names', values, 4))
      writeFileSync(join(keys, value.replaceAll('/', '\u2215').slice(0, 80)), 'no key');
    await open({ imports: [...values, keys], verifies: 'all' });
    expect(existsSync(canary)).toBe(false);
  });

  test('hostile paths of --git-allowed-signers-file and of an SSH key accept and sign nothing, and run nothing', async () => {
    const directory = temporaryDirectory();
    const canary = canaryIn(directory);
    const values = hostileValues(canary).filter((value) => !value.includes('\0'));
    const history = signedHistory();
    history.signed({ by: { ssh: sshKey('bob') }, parents: [] });
    for (const value of sampled('hostile paths of keys', values, 3)) {
      const verifying = await open({ verifies: 'all', allowedSignersFile: `/${value}` });
      const source = sourceOf(history.path, { signatures: verifying });
      expect(await failureOf(source.fetch())).toMatchObject({ code: 'git/nothing-accepted' });
      const signing = await open({ signing: { format: 'ssh', key: `/${value}` } });
      const writer = sourceOf(history.path, { signatures: signing });
      const base = await writer.fetch();
      const edits = [{ path: 'a.yaml', content: 'a: 0\n' }];
      expect(await failureOf(writer.commit({ base, edits, message: 'm', jobId: 'j', note: '{}' }))).toMatchObject({
        code: 'git/signing-failed',
      });
    }
    expect(existsSync(canary)).toBe(false);
  });
});
