import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { openSignatures, type Signatures } from '../../../src/git/index.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { createTestLog, type TestLogLine } from '../../support/test-log.ts';
import { until } from '../../support/until.ts';
import { processesWith } from '../support/processes.ts';
import { createRemote, failureOf, type Remote, sourceOf, temporaryDirectory } from '../support/repository.ts';
import { gpgHome, gpgKey, haveSigners, type SshKey, sshKey } from '../support/signing-keys.ts';

interface Opened {
  readonly signatures: Signatures;
  readonly directory: string;
  /** Of the log while it opened. */
  readonly lines: readonly TestLogLine[];
}

async function open(
  signing: { format: 'gpg' | 'ssh'; key: string } | undefined,
  { imports = [], environment = {} }: { imports?: readonly string[]; environment?: Record<string, string> } = {},
): Promise<Opened> {
  const directory = temporaryDirectory();
  const { log, lines } = await createTestLog();
  const signatures = await openSignatures({
    directory,
    imports,
    ...(signing ? { signing } : {}),
    environment: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment },
    clock: systemClock,
    log,
  });
  onTestFinished(() => signatures.close());
  return { signatures, directory, lines: lines() };
}

async function release(remote: Remote, signatures: Signatures, jobId = 'job-1'): Promise<string> {
  const source = sourceOf(remote.path, { signatures });
  const base = await source.fetch();
  const edits = [{ path: 'apps/a.yaml', content: `${jobId}: 2\n` }];
  return source.commit({ base, edits, message: 'Release', jobId, note: '{}' });
}

async function record(remote: Remote, signatures: Signatures): Promise<string> {
  const source = sourceOf(remote.path, { signatures });
  const revision = await source.fetch();
  await source.recordSync({ revision, record: '{"a":1}' });
  return revision;
}

/** Git outside, with the keys of the tests, as a person who verifies. */
function outside(remote: Remote, args: readonly string[], allowed?: string): string {
  const config = allowed === undefined ? [] : ['-c', `gpg.ssh.allowedSignersFile=${allowed}`];
  return execFileSync('git', [...config, ...args], {
    cwd: remote.path,
    env: { PATH: process.env.PATH, GNUPGHOME: gpgHome(), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function allowedSigners(...keys: readonly SshKey[]): string {
  const file = join(temporaryDirectory(), 'allowed_signers');
  writeFileSync(file, keys.map(({ publicKey }) => `flux@example.org ${publicKey}\n`).join(''));
  return file;
}

describe.runIf(haveSigners())('signing', () => {
  test.for(sampled('object formats', ['sha1', 'sha256'], 1))(
    'with GPG, git verifies the commit and the sync tag outside (%s)',
    async (format) => {
      const key = gpgKey('flux');
      const { signatures } = await open({ format: 'gpg', key: key.fingerprint }, { imports: [key.privateFile] });
      const remote = createRemote(undefined, `--object-format=${format}`);
      const revision = await release(remote, signatures);
      await record(remote, signatures);
      outside(remote, ['verify-commit', revision]);
      outside(remote, ['verify-tag', 'flux-sync']);
      expect(outside(remote, ['log', '-1', '--format=%G? %GF', revision])).toBe(`G ${key.fingerprint}`);
      expect(
        outside(remote, ['for-each-ref', '--format=%(objecttype) %(object) %(contents:subject) %(taggername)', 'refs/tags']),
      ).toBe(`tag ${revision} Sync pointer Weave Flux`);
      // As in Flux v1, notes are not signed.
      expect(outside(remote, ['log', '--format=%G?', 'refs/notes/flux', 'refs/notes/flux-sync'])).toBe('N\nN');
    },
  );

  test('with SSH, git and ssh-keygen verify the commit and the sync tag outside', async () => {
    const key = sshKey('flux');
    const { signatures } = await open({ format: 'ssh', key: key.privateFile });
    const remote = createRemote();
    const revision = await release(remote, signatures);
    await record(remote, signatures);
    const allowed = allowedSigners(key);
    outside(remote, ['verify-commit', revision], allowed);
    outside(remote, ['verify-tag', 'flux-sync'], allowed);
    const commit = remote.git('cat-file', 'commit', revision);
    const signature = join(temporaryDirectory(), 'sig');
    const [, armor = ''] = /^gpgsig ((?:.*\n)(?: .*\n)*)/m.exec(commit) ?? [];
    writeFileSync(signature, armor.replaceAll(/^ /gm, ''));
    const payload = `${commit.replace(/^gpgsig .*\n(?: .*\n)*/m, '')}\n`;
    const args = ['-Y', 'verify', '-n', 'git', '-f', allowed, '-I', 'flux@example.org', '-s', signature];
    expect(execFileSync('ssh-keygen', args, { input: payload, encoding: 'utf8' })).toMatch(/^Good "git" signature/);
  });

  test('no planted configuration signs, or runs another program', async () => {
    const directory = temporaryDirectory();
    const canary = join(directory, 'canary');
    const program = join(directory, 'program');
    writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 });
    const planted = join(directory, 'gitconfig');
    writeFileSync(
      planted,
      `[commit]\n gpgSign = true\n[tag]\n gpgSign = true\n forceSignAnnotated = true\n[user]\n signingKey = nobody\n[gpg]\n format = x509\n program = ${program}\n[gpg "openpgp"]\n program = ${program}\n[gpg "ssh"]\n program = ${program}\n defaultKeyCommand = ${program}\n[gpg "x509"]\n program = ${program}\n`,
    );
    const environment = { PATH: process.env.PATH, HOME: directory, GIT_CONFIG_GLOBAL: planted };
    const key = gpgKey('flux');
    const { signatures } = await open({ format: 'gpg', key: key.fingerprint }, { imports: [key.privateFile] });
    for (const [options, status] of [
      [{}, 'N'],
      [{ signatures }, 'G'],
    ] as const) {
      const remote = createRemote();
      const source = sourceOf(remote.path, { environment, ...options });
      const base = await source.fetch();
      const edits = [{ path: 'apps/a.yaml', content: 'a: 2\n' }];
      const revision = await source.commit({ base, edits, message: 'Release', jobId: 'job-1', note: '{}' });
      await source.recordSync({ revision: await source.fetch(), record: '{"a":1}' });
      expect(outside(remote, ['log', '-1', '--format=%G?', revision])).toBe(status);
    }
    expect(() => readFileSync(canary)).toThrow('ENOENT');
  });

  const expired = () => gpgKey('expired', { madeAt: '20200101T000000', expires: '1d' });
  const unusable = [
    [
      'a GPG key that is missing',
      () => ['gpg', 'AAAABBBBCCCCDDDD', undefined],
      /GPG key "AAAABBBBCCCCDDDD" is not in the keyring/,
    ],
    ['only the public part', () => ['gpg', gpgKey('flux').fingerprint, gpgKey('flux').publicFile], /private part is not/],
    ['an expired GPG key', () => ['gpg', expired().fingerprint, expired().privateFile], /has expired/],
    [
      'a GPG key with a passphrase',
      () => {
        const key = gpgKey('locked', { passphrase: 'secret' });
        return ['gpg', key.fingerprint, key.privateFile];
      },
      /is not in the keyring|is refused by gpg/,
    ],
    [
      'an SSH key file that is missing',
      () => ['ssh', '/nonexistent/key', undefined],
      /SSH key \/nonexistent\/key cannot be read: ENOENT/,
    ],
    [
      'an SSH key with a passphrase',
      () => ['ssh', sshKey('locked', { passphrase: 'secret' }).privateFile, undefined],
      /locked-ssh.*incorrect passphrase/,
    ],
  ] as const satisfies readonly (readonly [string, () => readonly ['gpg' | 'ssh', string, string | undefined], RegExp])[];
  test.for(sampled('keys that cannot sign', unusable, 2))(
    'with %s, nothing is pushed, and the error says why',
    async ([, request, why]) => {
      const [format, key, imported] = request();
      const { signatures, lines } = await open({ format, key }, { imports: imported === undefined ? [] : [imported] });
      expect(lines.map(({ error }) => String(error)).join('\n')).toMatch(why);
      const remote = createRemote();
      const refs = remote.git('for-each-ref');
      const commit = await failureOf(release(remote, signatures));
      expect(commit).toMatchObject({ code: 'git/signing-failed', fault: 'user' });
      expect(commit.message).toMatch(why);
      const tag = await failureOf(record(remote, signatures));
      expect(tag).toMatchObject({
        code: 'git/signing-failed',
        message: expect.stringMatching(/^the sync tag cannot be signed: /),
      });
      expect(remote.git('for-each-ref')).toBe(refs);
    },
  );

  test.runIf(thorough('a replaced signing key'))('an SSH key that was replaced signs from then on', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'key');
    writeFileSync(file, readFileSync(sshKey('flux').privateFile), { mode: 0o440 });
    chmodSync(file, 0o440);
    const { signatures } = await open({ format: 'ssh', key: file });
    const remote = createRemote();
    await release(remote, signatures);
    writeFileSync(file, readFileSync(sshKey('flux-2').privateFile));
    const revision = await release(remote, signatures, 'job-2');
    expect(outside(remote, ['log', '-1', '--format=%G?', revision], allowedSigners(sshKey('flux-2')))).toBe('G');
    expect(outside(remote, ['log', '-1', '--format=%G?', `${revision}^`], allowedSigners(sshKey('flux')))).toBe('G');
  });

  test('keys are imported from files and directories, without what is below; failures are named', async () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, '..data'));
    writeFileSync(join(folder, '..data/flux.asc'), readFileSync(gpgKey('flux').privateFile));
    symlinkSync('..data/flux.asc', join(folder, 'flux.asc'));
    symlinkSync('nowhere', join(folder, 'broken'));
    const bad = temporaryDirectory();
    writeFileSync(join(bad, 'bad.asc'), 'no key');
    const imports = ['/nonexistent', folder, bad];
    const { signatures, lines } = await open({ format: 'gpg', key: gpgKey('flux').fingerprint }, { imports });
    expect(lines.map(({ msg, files }) => [msg, files])).toEqual([
      ['failed to import GPG key(s) from /nonexistent', undefined],
      [`imported GPG key(s) from ${folder}`, ['flux.asc']],
      [`failed to import GPG key(s) from ${bad}`, undefined],
    ]);
    expect(JSON.stringify(lines)).toContain('errored importing keys: [bad.asc]');
    await release(createRemote(), signatures);
  });

  test.runIf(thorough('a mounted GNUPGHOME'))('the keys of a mounted GNUPGHOME sign, without its configuration', async () => {
    const key = gpgKey('flux');
    const home = temporaryDirectory();
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--import', key.privateFile]);
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
    const canary = join(home, 'canary');
    writeFileSync(join(home, 'program'), `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 });
    writeFileSync(join(home, 'gpg.conf'), `agent-program ${home}/program\nlocal-user nobody\n`);
    writeFileSync(join(home, 'gpg-agent.conf'), `pinentry-program ${home}/program\nscdaemon-program ${home}/program\n`);
    const { signatures } = await open({ format: 'gpg', key: key.fingerprint }, { environment: { GNUPGHOME: home } });
    const remote = createRemote();
    outside(remote, ['verify-commit', await release(remote, signatures)]);
    expect(() => readFileSync(canary)).toThrow('ENOENT');
  });

  test('an agent that was killed is started again; at the end none is left', async () => {
    const key = gpgKey('flux');
    const { signatures, directory } = await open({ format: 'gpg', key: key.fingerprint }, { imports: [key.privateFile] });
    const agents = () => processesWith(`GNUPGHOME=${directory}/gnupg`);
    const remote = createRemote();
    await release(remote, signatures);
    expect(agents().filter((line) => line.includes('gpg-agent'))).toHaveLength(1);
    execFileSync('pkill', ['-9', '-f', `^[^ ]*gpg-agent --homedir ${directory}/gnupg`]);
    await release(remote, signatures, 'job-2');
    await signatures.close();
    await until('the agent has ended', () => agents().length === 0);
  });

  test.runIf(thorough('the agent of a killed daemon'))(
    'killed by kill -9, fluxd leaves no agent for longer than a minute',
    async () => {
      const directory = temporaryDirectory();
      const key = gpgKey('flux');
      const program = `
      import { openSignatures } from ${JSON.stringify(join(import.meta.dirname, '../../../src/git/index.ts'))};
      import { silentLogger, systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../../src/base/index.ts'))};
      await openSignatures({ directory: process.argv[1], imports: [process.argv[2]], signing: { format: 'gpg', key: process.argv[3] },
        environment: process.env, clock: systemClock, log: silentLogger() });
      console.log('open');
      setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory, key.privateFile, key.fingerprint], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
      await until('it has opened its keys', () => said.includes('open') || child.exitCode !== null);
      const agents = () => processesWith(`GNUPGHOME=${directory}/gnupg`);
      expect(agents()).not.toEqual([]);
      child.kill('SIGKILL');
      await until('the agent has ended', () => agents().length === 0);
    },
    90_000,
  );
});

test.runIf(haveSigners())('the commit of a proposal is signed, and made and signed only when it differs', async () => {
  const key = sshKey('proposals');
  const remote = createRemote();
  const { signatures } = await open({ format: 'ssh', key: key.privateFile });
  const source = sourceOf(remote.path, { signatures });
  const base = await source.fetch();
  const edits = [{ path: 'apps/a.yaml', content: 'a: 2\n' }];
  const proposal = { name: 'updates', base, edits, message: 'Update', trailers: [], jobId: 'job-1' };
  const tip = await source.propose({ ...proposal, expected: undefined });
  expect(remote.git('cat-file', 'commit', 'updates')).toContain('-----BEGIN SSH SIGNATURE-----');
  expect(await source.propose({ ...proposal, expected: tip })).toBe(tip);
});

test.runIf(haveSigners())('a failure of gpg is not taken for a lack of secret keys', async () => {
  const { log } = await createTestLog();
  const { decryption, close } = await openSignatures({
    directory: temporaryDirectory(),
    imports: [],
    environment: { PATH: process.env.PATH },
    decrypts: 'always',
    clock: systemClock,
    log,
  });
  onTestFinished(close);
  expect(await decryption?.secretKeys()).toEqual([]);
  writeFileSync(join(decryption?.home ?? '', 'pubring.kbx'), 'no keyring of any kind');
  await expect(decryption?.secretKeys()).rejects.toMatchObject({
    code: 'git/gpg-failed',
    message: expect.stringMatching(/^gpg cannot list its secret keys: ./),
  });
});
