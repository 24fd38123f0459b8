import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, onTestFinished, test } from 'vitest';
import { openAgeKeys } from '../../../src/manifests/index.ts';

test('keys of several files are known by their recipients, and read again when a file changes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'age-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [one, two, three, four] = await Promise.all([
    generateX25519Identity(),
    generateX25519Identity(),
    generateHybridIdentity(),
    generateX25519Identity(),
  ]);
  const known = (...identities: readonly string[]) =>
    Promise.all(identities.map(async (identity) => [await identityToRecipient(identity), identity] as const));
  const files = [join(directory, 'a'), join(directory, 'b')] as const;
  await writeFile(files[0], `# created: today\n# public key: age1x\n${one}\n\n  ${two}\r\n`);
  const keys = openAgeKeys(files);

  const before = await keys();
  expect([...before.identities]).toEqual(await known(one, two));
  expect(before.problems).toEqual([expect.stringContaining('ENOENT')]);
  expect(await keys()).toBe(before);

  await writeFile(files[1], `${three}\nAGE-PLUGIN-X-1ABC\n`);
  expect([...(await keys()).identities]).toEqual(await known(one, two, three));
  expect((await keys()).problems).toEqual([]);

  const damaged = `${one.slice(0, -1)}${one.endsWith('Q') ? 'P' : 'Q'}`;
  await writeFile(files[0], `${four}\n${damaged}\n`);
  await writeFile(files[1], 'no key');
  const after = await keys();
  expect([...after.identities]).toEqual(await known(four));
  expect(after.problems).toEqual([`${files[1]} has no age key`, 'a key of --sops-age-key-file is damaged']);
});
