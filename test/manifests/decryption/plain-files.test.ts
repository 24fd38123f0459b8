import { expect, test } from 'vitest';
import { createManifests, type ManifestsOptions, ManifestThread } from '../../../src/manifests/index.ts';
import { blobId } from '../../../src/manifests/units/tree.ts';
import type { DesiredState } from '../../../src/resource/index.ts';
import { enc, encrypted, imitatedDecrypter } from './imitation.ts';

const thread = new ManifestThread();

/** Manifests of revisions that are given as texts by path. */
function reader(options: ManifestsOptions = {}) {
  let now = 0;
  const manifests = createManifests({ thread, clock: { monotonic: () => now }, ...options });
  const blobs = new Map<string, Buffer>();
  return {
    pass: (ms: number) => {
      now += ms;
    },
    read(texts: Readonly<Record<string, string>>): Promise<DesiredState> {
      const files = Object.entries(texts).map(([path, text]) => {
        const content = Buffer.from(text);
        blobs.set(blobId(content), content);
        return { path, mode: '100644', blob: blobId(content), size: content.length };
      });
      return manifests.read(files, async (id) => blobs.get(id) ?? Buffer.alloc(0));
    },
  };
}

const secret = (name: string, password: string) =>
  encrypted(
    `# of ${name}\napiVersion: v1\nkind: Secret\nmetadata:\n    name: ${name}\nstringData:\n    password: ${enc(password)}\n`,
  );
const plain = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n';

test('an encrypted file is decrypted, and its place is that in Git', async () => {
  const { read } = reader({ decrypter: imitatedDecrypter() });
  const { manifests, errors } = await read({
    'a.yaml': `${secret('one', 'hunter2')}---\n${secret('two', 'hunter3')}`,
    'b.yaml': plain,
  });
  expect(errors).toEqual([]);
  expect(
    manifests.map(({ object, place, confidential }) => [object.metadata.name, object.stringData, place, confidential]),
  ).toEqual([
    ['one', { password: 'hunter2' }, { file: 'a.yaml', document: 1, line: 2 }, 'values'],
    ['two', { password: 'hunter3' }, { file: 'a.yaml', document: 2, line: 14 }, 'values'],
    ['plain', undefined, { file: 'b.yaml', document: 1, line: 1 }, undefined],
  ]);
});

test('items of a List are found where they are in Git', async () => {
  const { read } = reader({ decrypter: imitatedDecrypter() });
  const list = `apiVersion: v1\nkind: List\nitems:\n${['a', 'b'].map((name) => `    - apiVersion: v1\n      kind: ConfigMap\n      metadata:\n        name: ${name}\n      data:\n        key: ${enc('x')}\n`).join('')}`;
  const { manifests } = await read({ 'a.yaml': encrypted(list) });
  expect(manifests.map(({ place }) => place)).toEqual([
    { file: 'a.yaml', document: 1, line: 4, item: 1 },
    { file: 'a.yaml', document: 1, line: 10, item: 2 },
  ]);
});

test('a long encrypted file is read the same, by the thread', async () => {
  const { read } = reader({ decrypter: imitatedDecrypter() });
  const text = Array.from({ length: 30 }, (_, index) => secret(`s${index}`, `hunter${index}`)).join('---\n');
  const { manifests, errors } = await read({ 'a.yaml': text });
  expect(errors).toEqual([]);
  expect(manifests.map(({ place }) => place)).toEqual(
    manifests.map((_, index) => ({ file: 'a.yaml', document: index + 1, line: 12 * index + 2 })),
  );
});

test('the checksum follows the encrypted content and says nothing of the clear one', async () => {
  const { read } = reader({ decrypter: imitatedDecrypter() });
  const one = await read({ 'a.yaml': secret('keys', 'hunter2') });
  const again = await read({ 'moved.yaml': secret('keys', 'hunter2') });
  const other = await read({ 'a.yaml': secret('keys', 'hunter3') });
  const asEncrypted = await reader().read({ 'a.yaml': secret('keys', 'hunter2').replace(/^sops:[\s\S]*/m, '') });
  const checksumOf = ({ manifests }: DesiredState) => manifests[0]?.checksum ?? '';
  expect(checksumOf(one)).toMatch(/^encrypted-values-[0-9a-f]{40}$/);
  expect(checksumOf(again)).toBe(checksumOf(one));
  expect(checksumOf(other)).not.toBe(checksumOf(one));
  const clear = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: keys\nstringData:\n  password: hunter2\n`;
  const ofClear = checksumOf(await reader().read({ 'a.yaml': clear }));
  for (const hash of [ofClear, checksumOf(asEncrypted)]) expect(checksumOf(one)).not.toContain(hash);
});

test('an unchanged file is not decrypted again', async () => {
  const decrypter = imitatedDecrypter();
  const { read } = reader({ decrypter });
  const files = { 'a.yaml': secret('a', '1'), 'b.yaml': secret('b', '2') };
  const first = await read(files);
  const second = await read(files);
  await read({ ...files, 'c.yaml': plain });
  expect(second.manifests).toBe(first.manifests);
  expect(decrypter.decrypted).toEqual(['a.yaml', 'b.yaml']);
});

test('what cannot be decrypted is an error of its file, and is tried again after growing pauses', async () => {
  const decrypter = imitatedDecrypter();
  const { read, pass } = reader({ decrypter });
  const files = { 'a.yaml': secret('a', '1'), 'b.yaml': plain };
  decrypter.isWithoutKey = true;
  const state = await read(files);
  expect(state.manifests.map(({ object }) => object.metadata.name)).toEqual(['plain']);
  expect(state.errors).toMatchObject([{ file: 'a.yaml', error: { code: 'decryption/no-key' } }]);
  expect(state.unsettled).toBe(true);

  const tries = () => decrypter.decrypted.length;
  for (let minute = 0; minute < 120; minute += 1) {
    pass(60_000);
    await read(files);
  }
  expect(tries()).toBeGreaterThan(10);
  expect(tries()).toBeLessThan(40);

  decrypter.isWithoutKey = false;
  pass(600_000);
  const healed = await read(files);
  expect(healed.errors).toEqual([]);
  expect(healed.unsettled).toBeUndefined();
  expect(healed.manifests).toHaveLength(2);
});

test('a document that is still encrypted is refused', async () => {
  const still = { ...imitatedDecrypter(), decrypt: async () => undefined };
  for (const options of [{}, { decrypter: still }]) {
    const { manifests, errors } = await reader(options).read({ 'a.yaml': secret('keys', 'hunter2') });
    expect(manifests).toEqual([]);
    expect(errors).toMatchObject([{ file: 'a.yaml', error: { code: 'manifests/encrypted' } }]);
  }
});

test('a file that only looks encrypted is read as it is', async () => {
  const { read } = reader({ decrypter: imitatedDecrypter() });
  const text = `${plain}data:\n  example: ${enc('x')}\n`;
  const { manifests } = await read({ 'a.yaml': text });
  expect(manifests).toMatchObject([{ object: { data: { example: enc('x') } } }]);
  expect(manifests[0]?.confidential).toBeUndefined();
});

test('no error about decrypted content has a part of it', async () => {
  const { read } = reader({ decrypter: imitatedDecrypter() });
  const canary = 'canary-4711';
  const broken = [`"${canary}`, `*${canary}`, `!${canary}!x y`, `[${canary}`, `x: ${canary}: y`, `{ ${canary}: {`];
  const { errors, manifests } = await read(
    Object.fromEntries(
      broken.map((value, index) => [
        `${index}.yaml`,
        encrypted(`apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\nstringData:\n    key: ${enc(value)}\n`),
      ]),
    ),
  );
  expect(manifests).toEqual([]);
  expect(errors.length).toBeGreaterThanOrEqual(broken.length);
  expect(JSON.stringify(errors.map(({ error, ...place }) => [place, error.message, error.help, error.cause]))).not.toContain(
    canary,
  );
  for (const { line } of errors) expect(line).toBe(1);
});

test('files that a client sends are not decrypted, even if they are in Git; those of an edit are', async () => {
  const decrypter = imitatedDecrypter();
  const manifests = createManifests({ thread, decrypter });
  const content = Buffer.from(secret('a', 'hunter2'));
  const files = [{ path: 'a.yaml', mode: '100644', blob: blobId(content), size: content.length }];
  const blob = async () => content;
  expect((await manifests.read(files, blob)).errors).toEqual([]);
  const sent = await manifests.read(files, blob, { keep: false, asFiles: true });
  expect(sent.manifests).toEqual([]);
  expect(sent.errors).toMatchObject([{ error: { code: 'manifests/encrypted' } }]);
  expect(decrypter.decrypted).toEqual(['a.yaml']);
  const edited = await manifests.readTexts([{ path: 'a.yaml', content: content.toString() }]);
  expect(edited.manifests).toMatchObject([{ confidential: 'values', object: { stringData: { password: 'hunter2' } } }]);
});

test('values of variables are part of what a checksum is made of, and no error names one that is a secret', async () => {
  const read = async (value: string, version: string, password: string) => {
    const byName = new Map([['secret/a', { kind: 'present', version, data: { A: value } } as const]]);
    const content = Buffer.from(secret('keys', password));
    const files = [{ path: 'a.yaml', mode: '100644', blob: blobId(content), size: content.length }];
    const decrypter = imitatedDecrypter();
    return createManifests({ thread, decrypter, valueObjects: async () => ({ kind: 'read', byName, optional: false }) }).read(
      files,
      async () => content,
    );
  };
  const [one, other] = [await read('1', 'v1', 'x$' + '{A}'), await read('2', 'v2', 'x$' + '{A}')];
  expect([one, other].map(({ manifests }) => manifests[0]?.object.stringData)).toEqual([{ password: 'x1' }, { password: 'x2' }]);
  expect(one.manifests[0]?.checksum).not.toBe(other.manifests[0]?.checksum);
  const missing = await read('1', 'v1', 'canary$' + '{canary_4711}');
  expect(missing.manifests).toEqual([]);
  expect(missing.errors).toMatchObject([{ file: 'a.yaml', line: 2 }]);
  expect(JSON.stringify(missing.errors.map(({ error: { message, help, cause } }) => [message, help, cause]))).not.toContain(
    'canary',
  );
});
