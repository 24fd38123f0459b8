import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ageKey, encrypt, gpgHome, open, runSops } from './sops.ts';

const SECRET =
  'apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\nstringData:\n    # a comment\n    password: hunter2\n    empty: ""\n';

/** A file of each format, and its clear content as sops prints it. */
const FILES: readonly (readonly [path: string, content: string])[] = [
  ['a.yaml', SECRET],
  ['several.yml', `${SECRET}---\n${SECRET.replace('name: a', 'name: b')}`],
  ['a.json', '{"a": {"b": [1, true, null, "x", 1.5]}, "c_unencrypted": "y"}'],
  ['a.env', 'A=hunter2\nB=two\\nlines\n# comment\nC=\n'],
  ['a.ini', '[one]\na = hunter2\n; comment\n[two]\nb = 1\n'],
  ['a.txt', 'any text\n\tof "any" form\u0000\n'],
];

describe('a file of each format is decrypted to what sops makes of it', () => {
  test.each(FILES)('%s by age', async (path, content) => {
    const { identity, recipient } = await ageKey();
    const encrypted = await encrypt(path, content, '--age', recipient);
    const { decrypt } = await open({ identities: [[recipient, identity]] });
    const clear = await decrypt(path, encrypted);
    const real = await runSops(['decrypt', '--filename-override', path], encrypted, { SOPS_AGE_KEY: identity });
    if (!path.endsWith('.json') && !path.includes('.y')) expect(clear).toEqual(real);
    expect(`${clear}`).not.toContain('ENC[AES256_GCM,data:');
    if (path.endsWith('.json')) expect(JSON.parse(`${clear}`)).toEqual(JSON.parse(`${real}`));
  });

  test.each(FILES)('%s by PGP, through sops', async (path, content) => {
    const gpg = await gpgHome();
    const encrypted = await runSops(['encrypt', '--filename-override', path, '--pgp', gpg.fingerprint], content, {
      GNUPGHOME: gpg.home,
    });
    const { decrypt, given } = await open({ gpg });
    const clear = await decrypt(path, encrypted);
    const real = await runSops(['decrypt', '--filename-override', path], encrypted, { GNUPGHOME: gpg.home });
    expect(`${clear}`).toBe(`${real}`);
    expect(given).toHaveLength(1);
  });

  test.each(['a.yaml', 'a.env', 'a.ini'])('%s by two of three groups of keys', async (path) => {
    const [, content = ''] = FILES.find(([each]) => each === path) ?? [];
    const keys = [await ageKey(), await ageKey(), await ageKey()];
    const directory = await mkdtemp(join(tmpdir(), 'sops-config-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const groups = keys.map(({ recipient }) => `      - age: ["${recipient}"]\n`).join('');
    await writeFile(join(directory, 'c'), `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n${groups}`);
    const encrypted = await runSops(['--config', join(directory, 'c'), 'encrypt', '--filename-override', path], content);
    const own = keys.map(({ recipient, identity }) => [recipient, identity] as const);
    const { decrypt, given } = await open({ identities: own.slice(1) });
    expect(`${await decrypt(path, encrypted)}`).toContain('hunter2');
    expect(given).toHaveLength(1);
    const { decrypt: decryptByOne } = await open({ identities: own.slice(2) });
    await expect(decryptByOne(path, encrypted)).rejects.toMatchObject({
      code: 'decryption/no-key',
      message: expect.stringContaining('of 2 of its 3 groups of keys'),
    });
  });
});

describe('a file that was changed is refused', () => {
  test.each(['a.yaml', 'a.json', 'a.env', 'a.ini', 'a.txt'])('%s', async (path) => {
    const { identity, recipient } = await ageKey();
    const [, content = ''] = FILES.find(([each]) => each === path) ?? [];
    const encrypted = `${await encrypt(path, content, '--age', recipient)}`;
    // Another value of the same key in place of the first.
    const changed = encrypted.replace(/data:([A-Za-z0-9+/])/, (_, first: string) => `data:${first === 'A' ? 'B' : 'A'}`);
    expect(changed).not.toBe(encrypted);
    const { decrypt } = await open({ identities: [[recipient, identity]] });
    await expect(decrypt(path, changed)).rejects.toMatchObject({ code: 'decryption/bad-mac' });
  });

  test('a clear value beside encrypted ones', async () => {
    const { identity, recipient } = await ageKey();
    const encrypted = `${await encrypt('a.yaml', SECRET, '--age', recipient, '--encrypted-regex', '^stringData$')}`;
    const { decrypt } = await open({ identities: [[recipient, identity]] });
    expect(`${await decrypt('a.yaml', encrypted)}`).toContain('hunter2');
    await expect(decrypt('a.yaml', encrypted.replace('name: a', 'name: b'))).rejects.toMatchObject({
      code: 'decryption/bad-mac',
    });
  });
});
