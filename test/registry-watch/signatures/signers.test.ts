import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSigners } from '../../../src/registry-watch/index.ts';
import { policyOf } from './signed-registry.ts';
import { createSigstore } from './sigstore.ts';

const PUBLIC = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  .publicKey.export({ format: 'pem', type: 'spki' })
  .toString();
const SHORT = generateKeyPairSync('rsa', { modulusLength: 1024 });

async function directoryWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'keys-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

test('keys are files with names and public keys; other files, such as private keys, are left alone', async () => {
  const keysDirectory = await directoryWith({
    'acme.pub': PUBLIC,
    'cosign.key': 'private',
    'cosign.password': 'x',
    '..data': '',
  });
  const { keys, byIdentity, demands } = await openSigners({ keysDirectory, rules: ['ghcr.io/*=cosign:acme'], version: '1' });
  expect([...keys.keys()]).toEqual(['acme']);
  expect(demands).toMatchObject({ rules: [{ images: 'ghcr.io/*', policy: { key: 'acme' } }], keys: ['acme'], keyless: false });
  expect(byIdentity).toBeUndefined();
  expect((await openSigners({ rules: [], version: '1' })).keys.size).toBe(0);
});

test('the basis of a result is another one for another key, trust root or version, and none for what cannot be verified', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({ format: 'pem', type: 'spki' });
  const directory = await directoryWith({
    'root.json': (await createSigstore()).trustRoot,
    'new.json': (await createSigstore()).trustRoot,
  });
  const first = { keysDirectory: await directoryWith({ 'acme.pub': PUBLIC }), trustRootFile: join(directory, 'root.json') };
  const basis = async (text: string, options: Partial<Parameters<typeof openSigners>[0]> = {}) =>
    (await openSigners({ ...first, rules: [], version: '1', ...options })).basisOf(policyOf(text));
  const newKey = { keysDirectory: await directoryWith({ 'acme.pub': other.toString() }) };
  const newRoot = { trustRootFile: join(directory, 'new.json') };
  const [byKey, byIdentity] = ['cosign:acme', 'cosign-keyless:a@b@https://issuer.example.org'];
  expect(await basis(byKey)).toBe(await basis(byKey, newRoot));
  expect(await basis(byIdentity)).toBe(await basis(byIdentity, newKey));
  const all = [
    await basis(byKey),
    await basis(byKey, newKey),
    await basis(byKey, { version: '2' }),
    await basis(byIdentity),
    await basis(byIdentity, newRoot),
    await basis(byIdentity, { version: '2' }),
  ];
  expect(new Set(all.filter((each) => each !== undefined)).size).toBe(all.length);
  expect(await basis('cosign:other')).toBeUndefined();
  expect(await basis(byIdentity, { trustRootFile: undefined })).toBeUndefined();
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  [
    'a private key',
    { 'a.pub': SHORT.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
    'not a public key in PEM form',
  ],
  ['something else', { 'a.pub': 'ssh-ed25519 AAAA' }, 'not a public key in PEM form'],
  ['a broken key', { 'a.pub': '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' }, 'is not a public key: '],
  [
    'a short key',
    { 'a.pub': SHORT.publicKey.export({ format: 'pem', type: 'spki' }).toString() },
    'nor an RSA key of 2048 to 8192',
  ],
  ['a name that is none', { 'a b.pub': PUBLIC }, 'is not that of a key'],
])('%s stops the start', async (_, files, why) => {
  const keysDirectory = await directoryWith(files);
  await expect(openSigners({ keysDirectory, rules: [], version: '1' })).rejects.toMatchObject({
    code: 'config/bad-signature-key',
    message: expect.stringContaining(why),
  });
});

test('so do a missing directory, a policy that is none, one with another key, and one of an identity without trust root', async () => {
  await expect(openSigners({ rules: ['ghcr.io/acme/*=acme'], version: '1' })).rejects.toMatchObject({
    code: 'config/bad-verify',
    message:
      'invalid --registry-verify "ghcr.io/acme/*=acme": it has the policy "acme", which is neither cosign:<key name> nor cosign-keyless:<identity>@<issuer>, with the https URL of the issuer',
  });
  await expect(openSigners({ keysDirectory: '/nowhere', rules: [], version: '1' })).rejects.toMatchObject({
    code: 'config/bad-signature-key',
  });
  const keysDirectory = await directoryWith({ 'acme.pub': PUBLIC });
  await expect(openSigners({ keysDirectory, rules: ['ghcr.io/*=cosign:other'], version: '1' })).rejects.toMatchObject({
    code: 'config/bad-verify',
    message:
      'invalid policy "cosign:other" for ghcr.io/* in --registry-verify: it names a key that fluxd does not have: --registry-verify-keys has no other.pub',
    help: 'It has acme.',
  });
  const rules = ['ghcr.io/*=cosign-keyless:a@b@https://issuer.example.org'];
  await expect(openSigners({ rules, version: '1' })).rejects.toMatchObject({
    message: expect.stringContaining('needs --registry-verify-trust-root'),
  });
});

test('a trust root is read, and a file that is none stops the start', async () => {
  const directory = await directoryWith({ 'root.json': (await createSigstore()).trustRoot, 'none.json': '{}', 'bad.json': '{' });
  const open = (name: string) => openSigners({ trustRootFile: join(directory, name), rules: [], version: '1' });
  expect((await open('root.json')).byIdentity).toBeTypeOf('function');
  for (const name of ['none.json', 'bad.json', 'missing.json'])
    await expect(open(name)).rejects.toMatchObject({ code: 'config/bad-trust-root' });
});
