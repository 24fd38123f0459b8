import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { openSignatures, type Signatures } from '../../../src/git/index.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { recordingGit } from '../support/recording-git.ts';
import { failureOf, sourceOf, temporaryDirectory } from '../support/repository.ts';
import { type SignedHistory, type Signer, signedHistory } from '../support/signed-history.ts';
import { gpgKey, haveSigners, revocationOf, sshKey } from '../support/signing-keys.ts';

type Mode = 'first-parent' | 'all';

/** The keys of the tests: Ann's and Bob's are trusted. */
const ann: () => Signer = () => ({ gpg: gpgKey('ann') });
const bob: () => Signer = () => ({ ssh: sshKey('bob') });
const unknown: () => Signer = () => ({ gpg: gpgKey('mallory') });
const expired = () => gpgKey('expired', { madeAt: '20200101T000000', expires: '1d' });
const old = () => gpgKey('old', { madeAt: '20200101T000000' });
const revoked = () => gpgKey('revoked');

function allowedSigners(lines: readonly string[]): string {
  const file = join(temporaryDirectory(), 'allowed_signers');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

interface Trust {
  readonly imports?: readonly string[];
  readonly allowed?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

async function trusting(mode: Mode, trust: Trust = {}): Promise<Signatures> {
  const { imports = [ann, expired, old].map((key) => publicFileOf(key())), environment = {} } = trust;
  const signatures = await openSignatures({
    directory: temporaryDirectory(),
    imports,
    verifies: mode,
    allowedSignersFile: trust.allowed ?? allowedSigners([`bob@example.org ${sshKey('bob').publicKey}`]),
    environment: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment },
    clock: systemClock,
    log: silentLogger(),
  });
  onTestFinished(() => signatures.close());
  return signatures;
}

function publicFileOf(key: Signer | ReturnType<typeof gpgKey>): string {
  if ('publicFile' in key) return key.publicFile;
  if ('gpg' in key) return key.gpg.publicFile;
  throw new Error('not a GPG key');
}

interface Expected {
  /** The accepted revision; undefined if nothing is. */
  readonly accepted: string | undefined;
  readonly refused?: string;
  readonly why?: RegExp;
  readonly waiting?: number;
}

interface Case {
  readonly mode?: Mode;
  readonly trust?: () => Trust;
  /** Makes commits on a branch whose first commit, and sync tag, are signed by Ann. */
  readonly make: (history: SignedHistory, first: string) => Expected;
}

const refused = (first: string, commit: string, why: RegExp): Expected => ({ accepted: first, refused: commit, why, waiting: 1 });

const CASES: Readonly<Record<string, Case>> = {
  'signed by GPG': { make: (history) => ({ accepted: history.signed({ by: ann() }) }) },
  'signed by SSH': { make: (history) => ({ accepted: history.signed({ by: bob() }) }) },
  'not signed': { make: (history, first) => refused(first, history.signed(), /^is not signed$/) },
  'tampered with, GPG': {
    make: (history, first) =>
      refused(first, history.tampered(history.signed({ by: ann() })), /^has a signature that does not match/),
  },
  'tampered with, SSH': {
    make: (history, first) =>
      refused(first, history.tampered(history.signed({ by: bob() })), /^has a signature that does not match/),
  },
  'signed by an unknown GPG key': {
    make: (history, first) =>
      refused(first, history.signed({ by: unknown() }), /^is signed by key [0-9A-F]{16}, which is unknown$/),
  },
  'signed by an expired key': {
    make: (history, first) =>
      refused(
        first,
        history.signed({ by: { gpg: expired(), at: '20200101T120000' } }),
        /^is signed by key [0-9A-F]{16}, which has expired$/,
      ),
  },
  'with an expired signature': {
    make: (history, first) =>
      refused(
        first,
        history.signed({ by: { gpg: old(), at: '20200101T120000', expires: '1d' } }),
        /^has a signature by key .* that has expired$/,
      ),
  },
  'signed by a revoked key': {
    trust: () => ({ imports: [gpgKey('ann').publicFile, revocationOf(revoked())] }),
    make: (history, first) =>
      refused(first, history.signed({ by: { gpg: revoked() } }), /^is signed by key .*, which was revoked$/),
  },
  'signed by an SSH key that is not listed': {
    make: (history, first) =>
      refused(first, history.signed({ by: { ssh: sshKey('eve') } }), /^is signed by key SHA256:.*, which is not trusted$/),
  },
  'signed by an SSH key that is listed for another namespace': {
    trust: () => ({ allowed: allowedSigners([`bob@example.org namespaces="file" ${sshKey('bob').publicKey}`]) }),
    make: (history, first) => refused(first, history.signed({ by: bob() }), /^is signed by key|^has a signature|^is not signed/),
  },
  'signed by an SSH key that was no longer valid': {
    trust: () => ({ allowed: allowedSigners([`bob@example.org valid-before="20200101" ${sshKey('bob').publicKey}`]) }),
    make: (history, first) => refused(first, history.signed({ by: bob() }), /^is signed by key|^has a signature|^is not signed/),
  },
  'bad in the middle': {
    make(history) {
      const good = history.signed({ by: ann() });
      const bad = history.signed();
      history.signed({ by: ann() });
      history.signed({ by: bob() });
      return { accepted: good, refused: bad, why: /^is not signed$/, waiting: 3 };
    },
  },
  'a signed merge of an unsigned commit, all': {
    make(history, first) {
      const side = history.made({ parents: [first] });
      const main = history.signed({ by: ann() });
      history.signed({ by: ann(), parents: [main, side] });
      return { accepted: main, refused: side, why: /^is not signed$/, waiting: 2 };
    },
  },
  'a signed merge of an unsigned commit, first-parent': {
    mode: 'first-parent',
    make(history, first) {
      const side = history.made({ parents: [first] });
      const main = history.signed({ by: ann() });
      return { accepted: history.signed({ by: ann(), parents: [main, side] }) };
    },
  },
  'an unsigned merge of signed commits, first-parent': {
    mode: 'first-parent',
    make(history, first) {
      const side = history.made({ parents: [first], by: ann() });
      const main = history.signed({ by: ann() });
      return { accepted: main, refused: history.signed({ parents: [main, side] }), why: /^is not signed$/, waiting: 1 };
    },
  },
  'a merge whose first parent lacks what was synced': {
    make(history, first) {
      const synced = history.signed({ by: ann() });
      history.tagged(synced, { by: ann() });
      const aside = history.made({ parents: [first], by: ann() });
      const bad = history.signed({ parents: [aside, synced] });
      return { accepted: synced, refused: bad, why: /^is not signed$/, waiting: 2 };
    },
  },
};

function withMarker(): { readonly history: SignedHistory; readonly first: string } {
  const history = signedHistory();
  const first = history.signed({ by: ann(), parents: [] });
  history.tagged(first, { by: ann() });
  return { history, first };
}

describe.runIf(haveSigners())('verification (S-016)', () => {
  test.for(sampled('signatures', Object.entries(CASES), 3))('%s', async ([, { mode = 'all', trust, make }]) => {
    const signatures = await trusting(mode, trust?.());
    const { history, first } = withMarker();
    const { accepted, refused: commit, why, waiting } = make(history, first);
    const source = sourceOf(history.path, { signatures });
    expect(await source.fetch()).toBe(accepted);
    expect(source.accepted()).toBe(accepted);
    if (commit === undefined) expect(source.unverified()).toBeUndefined();
    else
      expect(source.unverified()).toMatchObject({
        head: history.git('rev-parse', 'main'),
        commit,
        commits: waiting,
        why: expect.stringMatching(why ?? /never/),
      });
  });

  test('a key of a mounted keyring without trust is not trusted', async () => {
    const home = temporaryDirectory();
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--import', gpgKey('ann').publicFile]);
    const history = signedHistory();
    const first = history.signed({ by: bob(), parents: [] });
    const commit = history.signed({ by: ann() });
    const source = sourceOf(history.path, {
      signatures: await trusting('all', { imports: [], environment: { GNUPGHOME: home } }),
    });
    expect(await source.fetch()).toBe(first);
    expect(source.unverified()).toMatchObject({ commit, why: expect.stringMatching(/which is not trusted$/) });
  });

  test('while the first commit is unsigned, nothing is accepted, and what is read is empty', async () => {
    const history = signedHistory();
    const first = history.git('rev-parse', 'main');
    const head = history.signed({ by: ann() });
    const source = sourceOf(history.path, { signatures: await trusting('all') });
    expect(await failureOf(source.fetch())).toMatchObject({
      code: 'git/nothing-accepted',
      message: `The branch HEAD in the git repo is not verified, and fluxd is unable to sync to it. The last verified commit was . HEAD is ${head.slice(0, 8)}.`,
    });
    expect(source.accepted()).toBeUndefined();
    expect(source.unverified()).toMatchObject({ head, commit: first, commits: 2 });
    expect(await source.syncTag()).toBeUndefined();
    expect(source.state().status).toBe('ready');
    // A signed tag on a signed commit is where verification starts.
    history.tagged(head, { by: ann() });
    expect(await source.fetch()).toBe(head);
    expect(source.unverified()).toBeUndefined();
  });

  test.for<[string, (history: SignedHistory, first: string) => void, RegExp]>([
    [
      'the tag is not signed',
      (history, first) => history.tagged(first),
      /^tag "flux-sync" has no valid signature: .*no signature found/,
    ],
    [
      'the tag is lightweight',
      (history, first) => void history.git('update-ref', 'refs/tags/flux-sync', first),
      /cannot verify a non-tag/,
    ],
    ['the tag is signed by an unknown key', (history, first) => history.tagged(first, { by: unknown() }), /No public key/],
    [
      'the tag is signed by an SSH key that is not listed',
      (history, first) => history.tagged(first, { by: { ssh: sshKey('eve') } }),
      /has no valid signature/,
    ],
    [
      'the tag was signed under another name',
      (history, first) => history.tagged(first, { by: ann(), madeAs: 'v1' }),
      /it was made as tag "v1"$/,
    ],
    [
      'the tag is signed, its commit is not',
      (history) => history.tagged(history.signed(), { by: ann() }),
      /^failed to verify signature of last sync'ed revision: failed to verify commit [0-9a-f]{40}: it is not signed$/,
    ],
  ])('%s: nothing is accepted, and no sync starts from it', async ([, make, why]) => {
    const { history, first } = withMarker();
    make(history, first);
    history.signed({ by: ann() });
    const source = sourceOf(history.path, { signatures: await trusting('all') });
    const error = await failureOf(source.fetch());
    expect(error).toMatchObject({ code: 'git/marker-unverified', message: expect.stringMatching(why) });
    expect(source.accepted()).toBeUndefined();
  });

  test.runIf(thorough('keys that change'))(
    'keys that change later: what was accepted stays, and what was refused is decided again',
    async () => {
      const { history } = withMarker();
      const second = history.signed({ by: bob() });
      const allowed = allowedSigners([`bob@example.org ${sshKey('bob').publicKey}`]);
      const source = sourceOf(history.path, { signatures: await trusting('all', { allowed }) });
      expect(await source.fetch()).toBe(second);
      writeFileSync(allowed, '');
      expect(await source.fetch()).toBe(second);
      const third = history.signed({ by: bob() });
      expect(await source.fetch()).toBe(second);
      expect(source.unverified()).toMatchObject({ commit: third, why: expect.stringMatching(/not trusted|not signed/) });
      rmSync(allowed);
      expect(await source.fetch()).toBe(second);
      writeFileSync(allowed, `bob@example.org ${sshKey('bob').publicKey}\n# again\n`);
      expect(await source.fetch()).toBe(third);
      expect(source.unverified()).toBeUndefined();
    },
  );

  test('a poll without news verifies nothing, and one with news only what is new', async () => {
    const { history } = withMarker();
    for (let count = 0; count < 3; count += 1) history.signed({ by: ann() });
    const git = recordingGit();
    const source = sourceOf(history.path, {
      signatures: await trusting('all'),
      environment: { PATH: git.path, HOME: '/nonexistent' },
    });
    await source.fetch();
    const before = git.calls().length;
    await source.fetch();
    expect(
      git
        .calls()
        .slice(before)
        .map(([command]) => command),
    ).toEqual(['ls-remote']);
    const bad = history.signed();
    await source.fetch();
    const after = git.calls().length;
    await source.fetch();
    expect(source.unverified()).toMatchObject({ commit: bad });
    expect(
      git
        .calls()
        .slice(after)
        .map(([command]) => command),
    ).toEqual(['ls-remote']);
  });

  test.runIf(thorough('a branch that is reset'))(
    'the branch reset to an earlier signed revision is followed; unrelated history must be signed',
    async () => {
      const { history, first } = withMarker();
      const second = history.signed({ by: ann() });
      const source = sourceOf(history.path, { signatures: await trusting('all') });
      expect(await source.fetch()).toBe(second);
      history.head(first);
      expect(await source.fetch()).toBe(first);
      const other = history.signed({ parents: [] });
      expect(await source.fetch()).toBe(first);
      expect(source.unverified()).toMatchObject({ commit: other });
      const signed = history.signed({ by: bob(), parents: [] });
      expect(await source.fetch()).toBe(signed);
    },
  );

  test('our own key must be trusted, or nothing starts', async () => {
    const open = (signing: { format: 'gpg' | 'ssh'; key: string }, imports: readonly string[], allowed: string, home?: string) =>
      openSignatures({
        directory: temporaryDirectory(),
        imports,
        signing,
        verifies: 'all',
        allowedSignersFile: allowed,
        environment: { PATH: process.env.PATH, HOME: '/nonexistent', ...(home === undefined ? {} : { GNUPGHOME: home }) },
        clock: systemClock,
        log: silentLogger(),
      });
    const none = allowedSigners([]);
    const gpg = gpgKey('ann');
    const ssh = sshKey('bob');
    const missing = await failureOf(open({ format: 'gpg', key: gpg.fingerprint }, [], none));
    expect(missing.message).toMatch(/^--git-signing-key cannot make valid signatures: GPG key .* is not in the keyring/);
    const expiredKey = await failureOf(open({ format: 'gpg', key: expired().fingerprint }, [expired().privateFile], none));
    expect(expiredKey.message).toMatch(/has expired$/);
    const home = temporaryDirectory();
    mkdirSync(join(home, 'private-keys-v1.d'), { mode: 0o700 });
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--import', gpg.privateFile]);
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
    const untrusted = await failureOf(open({ format: 'gpg', key: gpg.fingerprint }, [], none, home));
    expect(untrusted.message).toMatch(/is not trusted$/);
    expect((await failureOf(open({ format: 'ssh', key: ssh.privateFile }, [], none))).message).toMatch(/may not sign by/);
    for (const opened of [
      open({ format: 'gpg', key: gpg.fingerprint }, [gpg.privateFile], none),
      open({ format: 'ssh', key: ssh.privateFile }, [], allowedSigners([`flux ${ssh.publicKey}`])),
    ])
      await (await opened).close();
  });
});
