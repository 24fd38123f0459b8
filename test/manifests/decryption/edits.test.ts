import { expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { createManifests, type FileChange, ManifestThread } from '../../../src/manifests/index.ts';
import { enc, encrypted, imitatedDecrypter } from './imitation.ts';

const thread = new ManifestThread();
const target = { document: 1, kind: 'Deployment', name: 'web' };
const image: FileChange = { kind: 'images', images: [{ target, container: 'web', image: 'acme/web:2' }] };
const annotation: FileChange = {
  kind: 'annotations',
  target,
  annotations: new Map([['fluxcd.io/automated', 'true']]),
};

const MAC_ONLY = '    mac_only_encrypted: true\n';
const deployment = ({ name = 'web', web = 'web', image: of = 'acme/web:1' } = {}) =>
  `# a comment\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n    name: ${name}\n    annotations:\n        note: ${enc('note')}\nspec:\n    template:\n        spec:\n            containers:\n                - name: ${web}\n                  image: ${of}\n                  env:\n                    - name: PASSWORD\n                      value: ${enc('hunter2')}\n`;

function edit(text: string, change: FileChange, decrypter = imitatedDecrypter()) {
  return createManifests({ thread, decrypter }).edit('web.yaml', change, async () => text);
}

test.each([
  ['an image', image, (text: string) => text.replace('acme/web:1', 'acme/web:2')],
  [
    'an annotation',
    annotation,
    (text: string) => text.replace('    annotations:\n', "    annotations:\n        fluxcd.io/automated: 'true'\n"),
  ],
] as const)(
  '%s of an encrypted file is changed where its checksum stays valid, and nothing is decrypted in it',
  async (what, change, expected) => {
    const text = encrypted(deployment(), MAC_ONLY);
    const edits = await edit(text, change);
    if (what === 'an image') expect(edits).toEqual([{ path: 'web.yaml', content: expected(text) }]);
    const [{ content = '' } = {}] = edits;
    expect(content).not.toContain('hunter2');
    expect(content.match(/ENC\[[^\]]*\]/g)).toEqual(text.match(/ENC\[[^\]]*\]/g));
  },
);

test.each([
  ['a checksum of all', encrypted(deployment()), image, /checksum \(MAC\)/, /mac_only_encrypted/],
  ['a checksum of all, for an annotation', encrypted(deployment()), annotation, /checksum \(MAC\)/, /sops set/],
  [
    'an encrypted image',
    encrypted(deployment({ image: enc('acme/web:1') }), MAC_ONLY),
    image,
    /the value is encrypted/,
    /sops set/,
  ],
  [
    'an encrypted name',
    encrypted(deployment({ name: enc('web') }), MAC_ONLY),
    image,
    /kind, name or container/,
    /encrypted_regex/,
  ],
  ['an encrypted container', encrypted(deployment({ web: enc('web') }), MAC_ONLY), image, /kind, name or container/, /sops set/],
] as const)('%s: the edit is refused, with what to do', async (_, text, change, why, help) => {
  await expect(edit(text, change)).rejects.toMatchObject({
    code: 'decryption/edit-refused',
    message: expect.stringMatching(why),
    help: expect.stringMatching(help),
  });
});

test('the other documents of a file may have any checksum, but all that are encrypted count', async () => {
  const plain = deployment().replaceAll(/ENC\[[^\]]*\]/g, 'x');
  const mixed = `${plain}---\n${encrypted('apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n')}`;
  await expect(edit(mixed, image)).rejects.toMatchObject({ code: 'decryption/edit-refused' });
  const allowed = `${plain}---\n${encrypted('apiVersion: v1\nkind: Secret\nmetadata:\n    name: a\n', MAC_ONLY)}`;
  expect(await edit(allowed, image)).toEqual([{ path: 'web.yaml', content: allowed.replace('acme/web:1', 'acme/web:2') }]);
});

test('an edit that sops could not read any more is refused', async () => {
  const decrypter = {
    ...imitatedDecrypter(),
    decrypt: async () => {
      throw new FluxError('web.yaml cannot be decrypted: annotations are encrypted', { code: 'decryption/failed' });
    },
  };
  await expect(edit(encrypted(deployment(), MAC_ONLY), annotation, decrypter)).rejects.toMatchObject({
    code: 'decryption/edit-refused',
    message: expect.stringMatching(/sops could not read it/),
    cause: { code: 'decryption/failed' },
  });
});

test('a change that the file has already is none', async () => {
  const text = encrypted(deployment({ image: 'acme/web:2' }));
  expect(await edit(text, image)).toEqual([]);
});

test('an error on a file that is not encrypted is what it always was', async () => {
  await expect(edit(deployment({ name: 'other' }), image)).rejects.toMatchObject({ code: 'manifests/not-found' });
});

test('a long encrypted file is edited by the thread by the same rules', async () => {
  const more = Array.from({ length: 100 }, (_, index) => `# ${'x'.repeat(80)} ${index}\n`).join('');
  const text = more + encrypted(deployment(), MAC_ONLY);
  expect(await edit(text, image)).toEqual([{ path: 'web.yaml', content: text.replace('acme/web:1', 'acme/web:2') }]);
  await expect(edit(more + encrypted(deployment()), image)).rejects.toMatchObject({ code: 'decryption/edit-refused' });
});
