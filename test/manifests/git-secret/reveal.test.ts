import { expect, test } from 'vitest';
import { createGpgDecrypter, createManifests, type FileChange, listingOf, ManifestThread } from '../../../src/manifests/index.ts';
import type { BuildOutcome } from '../../../src/repository/index.ts';

const thread = new ManifestThread();
/** Of a binary message for a public key. */
const MESSAGE = Buffer.from([0x85, 0x01]);
const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

/** A program that takes off what the tests put before a text, and fails as told for other keys. */
function imitation(failure?: Extract<BuildOutcome, { readonly kind: 'failed' }>) {
  let runs = 0;
  const program = {
    decrypt: async (content: Buffer): Promise<BuildOutcome> => {
      runs += 1;
      return failure ?? { kind: 'built', output: content.subarray(MESSAGE.length) };
    },
  };
  return { hiddenFiles: createGpgDecrypter({ program, timeoutMs: 1_000 }), runs: () => runs };
}

function repository(contents: Readonly<Record<string, string | Buffer>>) {
  const paths = Object.keys(contents).sort();
  const bytes = new Map(paths.map((path) => [path, Buffer.from(contents[path] ?? '')]));
  const { files } = listingOf(paths.map((path) => ({ path, content: path })));
  const byBlob = new Map(files.map(({ blob, path }) => [blob, bytes.get(path) ?? Buffer.alloc(0)]));
  return {
    files: files.map((file) => ({ ...file, size: bytes.get(file.path)?.length ?? 0 })),
    blob: async (id: string) => byBlob.get(id) ?? Buffer.alloc(0),
  };
}

const hidden = (name: string) => Buffer.concat([MESSAGE, Buffer.from(map(name))]);
const MAPPING = '.gitsecret/paths/mapping.cfg';

test('what git-secret hides is read under its own name, once, and is confidential', async () => {
  const { hiddenFiles, runs } = imitation();
  const manifests = createManifests({ thread, paths: ['app'], hiddenFiles });
  const { files, blob } = repository({
    [MAPPING]: 'app/b.yaml\napp/notes.txt\nother/d.yaml\n',
    'app/a.yaml': map('a'),
    'app/b.yaml': map('stale'),
    'app/b.yaml.secret': hidden('b'),
    'app/notes.txt.secret': hidden('notes'),
    'other/d.yaml.secret': hidden('d'),
  });
  const state = await manifests.read(files, blob);
  expect(state.errors).toEqual([]);
  expect(state.manifests.map(({ object, place }) => [object.metadata.name, place.file])).toEqual([
    ['a', 'app/a.yaml'],
    ['b', 'app/b.yaml'],
  ]);
  expect(state.manifests.map(({ confidential }) => confidential === undefined)).toEqual([true, false]);
  await manifests.read(files, blob);
  expect(runs()).toBe(1);
});

test('without the flag, hidden files mean nothing', async () => {
  const { files, blob } = repository({ [MAPPING]: 'b.yaml\n', 'b.yaml.secret': hidden('b'), 'a.yaml': map('a') });
  const state = await createManifests({ thread }).read(files, blob);
  expect([state.manifests.length, state.errors]).toEqual([1, []]);
});

test.each([
  ['a list that cannot be used', { [MAPPING]: '../b.yaml\n' }, MAPPING, 'git-secret/bad-mapping'],
  ['a file that was not hidden', { [MAPPING]: 'b.yaml\n' }, 'b.yaml', 'git-secret/not-hidden'],
])('%s is an error, so that nothing is deleted, and others are read', async (_, contents, file, code) => {
  const { files, blob } = repository({ ...contents, 'a.yaml': map('a') });
  const state = await createManifests({ thread, hiddenFiles: imitation().hiddenFiles }).read(files, blob);
  expect(state.errors).toEqual([expect.objectContaining({ file, error: expect.objectContaining({ code }) })]);
  expect(state.manifests.length).toBe(1);
});

const KEYS =
  '[GNUPG:] ENC_TO 0123456789ABCDEF 18 0\n[GNUPG:] DECRYPTION_FAILED\ngpg: decryption failed: No secret key\ngpg: canary\n';

test.each([
  ['a key that fluxd has not', { kind: 'exit', status: 2 }, KEYS, 'decryption/no-key', 'PGP 0123456789ABCDEF'],
  ['damage', { kind: 'exit', status: 2 }, 'gpg: canary\n', 'decryption/failed', 'gpg refuses it'],
  ['a limit', { kind: 'limit', limit: 'output', bound: '16 MiB' }, '', 'decryption/too-large', '16 MiB'],
  ['time', { kind: 'limit', limit: 'time', bound: '30 s' }, '', 'decryption/timed-out', '30 s'],
  ['a signal', { kind: 'signal', signal: 'SIGKILL' }, 'gpg: canary\n', 'decryption/failed', 'gpg was ended by SIGKILL'],
] as const)('a file that fails for %s is named, and others are read', async (_, failure, stderr, code, said) => {
  const { hiddenFiles } = imitation({ kind: 'failed', failure, stderr });
  const { files, blob } = repository({ [MAPPING]: 'b.yaml\n', 'b.yaml.secret': hidden('b'), 'a.yaml': map('a') });
  const { manifests, errors } = await createManifests({ thread, hiddenFiles }).read(files, blob);
  expect([manifests.length, errors[0]?.file, errors[0]?.error.code]).toEqual([1, 'b.yaml', code]);
  expect(errors[0]?.error.message).toContain(said);
  expect(`${errors[0]?.error.message} ${errors[0]?.error.help}`).not.toContain('canary');
});

test('only hidden files are decrypted, whatever others have', async () => {
  const { hiddenFiles, runs } = imitation();
  const { files, blob } = repository({
    [MAPPING]: 'b.yaml\n',
    'b.yaml.secret': hidden('b'),
    'c.yaml': hidden('b'),
  });
  const { manifests, errors } = await createManifests({ thread, hiddenFiles }).read(files, blob);
  expect([manifests.map(({ place }) => place.file), errors.map(({ file }) => file), runs()]).toEqual([['b.yaml'], ['c.yaml'], 1]);
});

test.each([
  ['a link', '120000'],
  ['no file at all', undefined],
])('a list that is %s is an error, so that what it lists is not taken for removed', async (_, mode) => {
  const { files, blob } = repository({ [MAPPING]: 'b.yaml\n', '.gitsecret/keys/pubring.kbx': 'x', 'b.yaml.secret': hidden('b') });
  const listed = files.flatMap((file) => (file.path !== MAPPING ? file : mode ? { ...file, mode } : []));
  const { errors } = await createManifests({ thread, hiddenFiles: imitation().hiddenFiles }).read(listed, blob);
  expect(errors.map(({ error }) => error.code)).toEqual(['git-secret/bad-mapping']);
});

test('a hidden file is not edited, also if one in clear has its name; others are', async () => {
  const manifests = createManifests({ thread, hiddenFiles: imitation().hiddenFiles });
  const texts: Readonly<Record<string, string>> = { 'b.yaml': map('b'), 'a.yaml': map('a') };
  const { files, blob } = repository({ ...texts, [MAPPING]: 'b.yaml\n', 'b.yaml.secret': hidden('b') });
  await manifests.read(files, blob);
  const read = async (path: string) => {
    const text = texts[path];
    if (text === undefined) throw new Error(`no ${path}`);
    return text;
  };
  const lock = (name: string): FileChange => ({
    kind: 'annotations',
    target: { document: 1, kind: 'ConfigMap', name },
    annotations: new Map([['fluxcd.io/locked', 'true']]),
  });
  await expect(manifests.edit('b.yaml', lock('b'), read)).rejects.toMatchObject({ code: 'git-secret/not-editable' });
  expect((await manifests.edit('a.yaml', lock('a'), read))[0]?.content).toContain('fluxcd.io/locked');
});
