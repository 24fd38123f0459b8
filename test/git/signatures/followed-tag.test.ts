import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { openSignatures, type SourceOptions } from '../../../src/git/index.ts';
import { sampled } from '../../support/sampled.ts';
import { failureOf, sourceOf, temporaryDirectory } from '../support/repository.ts';
import { type SignedHistory, type Signer, signedHistory } from '../support/signed-history.ts';
import { gpgKey, haveSigners, sshKey } from '../support/signing-keys.ts';

const ann = (): Signer => ({ gpg: gpgKey('ann') });
const bob = (): Signer => ({ ssh: sshKey('bob') });
const eve = (): Signer => ({ ssh: sshKey('eve') });
const mallory = (): Signer => ({ gpg: gpgKey('mallory') });

async function verified(history: SignedHistory, options: Partial<SourceOptions> = {}) {
  const directory = temporaryDirectory();
  const allowedSignersFile = join(directory, 'allowed');
  writeFileSync(allowedSignersFile, `bob@example.org ${sshKey('bob').publicKey}\n`);
  const signatures = await openSignatures({
    directory,
    imports: [gpgKey('ann').publicFile],
    verifies: 'all',
    allowedSignersFile,
    environment: { PATH: process.env.PATH, HOME: '/nonexistent' },
    clock: systemClock,
    log: silentLogger(),
  });
  onTestFinished(() => signatures.close());
  return sourceOf(history.path, { ref: 'semver:~1', access: 'read-only', signatures, marker: async () => undefined, ...options });
}

/** What is tagged as v1.1.0, after v1.0.0 is in effect. */
interface Case {
  readonly make: (history: SignedHistory) => string;
  /** Undefined: it is accepted. */
  readonly refused?: { readonly what: 'tag' | 'commit'; readonly why: RegExp };
}

const tagged = (
  history: SignedHistory,
  options: { readonly by?: Signer; readonly madeAs?: string },
  commitBy: Signer | undefined,
) => {
  const commit = history.signed({ by: commitBy });
  history.tagged(commit, { ...options, name: 'v1.1.0' });
  return commit;
};

const CASES: Readonly<Record<string, Case>> = {
  'signed by GPG': { make: (history) => tagged(history, { by: ann() }, bob()) },
  'signed by SSH': { make: (history) => tagged(history, { by: bob() }, ann()) },
  'lightweight, of a signed commit': {
    make(history) {
      const commit = history.signed({ by: ann() });
      history.git('update-ref', 'refs/tags/v1.1.0', commit);
      return commit;
    },
  },
  'lightweight, of an unsigned commit': {
    make(history) {
      history.signed({ by: ann() });
      const commit = history.signed();
      history.git('update-ref', 'refs/tags/v1.1.0', commit);
      return commit;
    },
    refused: { what: 'commit', why: /^is not signed$/ },
  },
  'not signed, of a signed commit': {
    make: (history) => tagged(history, {}, ann()),
    refused: { what: 'tag', why: /^has no valid signature: no signature found/ },
  },
  'signed by an unknown GPG key': {
    make: (history) => tagged(history, { by: mallory() }, ann()),
    refused: { what: 'tag', why: /No public key/ },
  },
  'signed by an SSH key that is not listed': {
    make: (history) => tagged(history, { by: eve() }, ann()),
    refused: { what: 'tag', why: /^has no valid signature: / },
  },
  'signed as another tag': {
    make: (history) => tagged(history, { by: ann(), madeAs: 'v0.9.0' }, ann()),
    refused: { what: 'tag', why: /it was made as tag "v0\.9\.0"$/ },
  },
  'tampered with': {
    make(history) {
      const commit = tagged(history, { by: ann() }, ann());
      const content = history.git('cat-file', 'tag', 'v1.1.0').replace('Sync pointer', 'Something else');
      const file = join(temporaryDirectory(), 'tag');
      writeFileSync(file, `${content}\n`);
      history.git('update-ref', 'refs/tags/v1.1.0', history.git('hash-object', '-t', 'tag', '-w', file));
      return commit;
    },
    refused: { what: 'tag', why: /BAD signature/ },
  },
  'signed, of an unsigned commit': {
    make: (history) => tagged(history, { by: ann() }, undefined),
    refused: { what: 'commit', why: /^is not signed$/ },
  },
};

describe.runIf(haveSigners())('a followed tag', () => {
  test.for(sampled('followed tags', Object.entries(CASES), 4))('%s', async ([, { make, refused }]) => {
    const history = signedHistory();
    const first = history.signed({ by: ann(), parents: [] });
    history.tagged(first, { by: ann(), name: 'v1.0.0' });
    const source = await verified(history);
    expect(await source.fetch()).toBe(first);
    const commit = make(history);
    expect(await source.fetch()).toBe(refused ? first : commit);
    expect(source.follows()).toBe(`tag ${refused ? 'v1.0.0' : 'v1.1.0'} (semver:~1)`);
    if (!refused) return expect(source.unverified()).toBeUndefined();
    const { what, why } = refused;
    expect(source.unverified()).toMatchObject({ head: commit, commit, why: expect.stringMatching(why) });
    expect(source.unverified()?.tag).toBe(what === 'tag' ? 'v1.1.0' : undefined);
    // A signed one of the same commit takes its place, if the commit is signed.
    if (what === 'commit') return;
    history.tagged(commit, { by: ann(), name: 'v1.1.0' });
    expect(await source.fetch()).toBe(commit);
    expect(source.follows()).toBe('tag v1.1.0 (semver:~1)');
  });

  test('after a restart what was synced last stays in effect, though it is in no history of a newer tag', async () => {
    const history = signedHistory();
    const base = history.signed({ by: ann(), parents: [] });
    const first = history.made({ by: ann(), parents: [base] });
    history.tagged(first, { by: ann(), name: 'v1.0.0' });
    const other = history.made({ by: ann(), parents: [base] });
    history.tagged(other, { name: 'v1.1.0' });
    const source = await verified(history, { marker: async () => first });
    expect(await source.fetch()).toBe(first);
    expect(source.unverified()).toMatchObject({ commit: other, tag: 'v1.1.0' });
    expect(await source.files(first)).toHaveLength(1);
    const fresh = await verified(history);
    expect(await failureOf(fresh.fetch())).toMatchObject({
      code: 'git/nothing-accepted',
      help: expect.stringMatching(/^What is refused: tag v1\.1\.0 of commit .* has no valid signature: .*git tag --sign/),
    });
    history.tagged(other, { by: bob(), name: 'v1.1.0' });
    expect(await source.fetch()).toBe(other);
    expect(await source.lineage(first, other)).toBe('rewritten');
  });
});
