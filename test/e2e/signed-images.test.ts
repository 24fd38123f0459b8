import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSigstore, SIMPLE_LAYER, simplePayload } from '../registry-watch/signatures/sigstore.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const IDENTITY = 'https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1';
const ISSUER = 'https://token.actions.githubusercontent.com';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Attaches signatures to an image of the registry, as cosign does. */
async function attach(name: string, digest: string, payload: string, annotations: readonly object[]): Promise<void> {
  const base = `http://${world.registry}/v2/${name}`;
  const upload = async (text: string) => {
    const blob = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', base);
    place.searchParams.set('digest', blob);
    expect((await fetch(place, { method: 'PUT', body: text })).status).toBe(201);
    return { digest: blob, size: text.length };
  };
  const [config, layer] = [await upload('{}'), await upload(payload)];
  const layers = annotations.map((each) => ({ mediaType: SIMPLE_LAYER, ...layer, annotations: each }));
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers,
  });
  const put = { method: 'PUT', headers: { 'content-type': MANIFEST }, body };
  expect((await fetch(`${base}/manifests/${digest.replace(':', '-')}.sig`, put)).status).toBe(201);
}

/** A key, in a directory of keys for fluxd, and what signs images by it. */
async function createKey() {
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const directory = await mkdtemp(join(tmpdir(), 'image-keys-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'acme.pub'), key.publicKey.export({ format: 'pem', type: 'spki' }));
  const byKey = (payload: string) => ({
    'dev.cosignproject.cosign/signature': sign('sha256', Buffer.from(payload), key.privateKey).toString('base64'),
  });
  return { directory, byKey };
}

test.runIf(thorough('signatures of images, end to end'))(
  'automation and people choose only images with a signature of the key and one of the identity, by their digests',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    const [{ directory, byKey }, sigstore] = [await createKey(), await createSigstore()];
    await writeFile(join(directory, 'root.json'), sigstore.trustRoot);
    const byIdentity = (payload: string) => sigstore.annotations(payload, { identity: IDENTITY, issuer: ISSUER });
    const signBoth = async (digest: string) => {
      const payload = simplePayload(digest);
      await attach(name, digest, payload, [byKey(payload), await byIdentity(payload)]);
    };
    const digests = new Map<string, string>();
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) digests.set(version, await world.push(name, version, { version }));
    const digestOf = (version: string) => digests.get(version) ?? '';
    await signBoth(digestOf('1.1.0'));

    const repository = await world.repository();
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      'web.yaml': manifest.deployment({
        namespace: shop,
        name: 'web',
        image: `${image}:1.0.0`,
        annotations: {
          'fluxcd.io/automated': 'true',
          'fluxcd.io/tag.web': 'semver:~1',
          'fluxcd.io/verify.web': `cosign-keyless:${IDENTITY.replace('v1', '*')}@${ISSUER}`,
        },
      }),
    });
    const fluxd = await world.fluxd(repository, {
      args: [
        `--registry-verify=${world.registry}/acme/*=cosign:acme`,
        `--registry-verify-keys=${directory}`,
        `--registry-verify-trust-root=${join(directory, 'root.json')}`,
      ],
    });
    await repository.synced(first);
    const workload = `${shop}:deployment/web`;
    const says = (version: string) =>
      until(`${version} is in Git`, async () => {
        return (await repository.text('web.yaml')).includes(`image: ${image}:${version}@${digestOf(version)} #`);
      });
    await says('1.1.0');

    const listed = await fluxd.fluxctl('list-images', '-w', workload);
    expect(listed.stdout).toContain('tag 1.2.0 has no valid signature for cosign:acme: it is not signed');
    const why = await fluxd.fluxctl('why', workload);
    expect(why.stdout).toContain('1.2.0 has no valid signature');
    const release = (...more: string[]) => fluxd.fluxctl('release', '-n', shop, '--workload', workload, ...more);
    const refused = await release('--update-image', `${image}:1.2.0`, '--force');
    expect(`${refused.stdout}${refused.stderr}`).toContain('to release it all the same, use --skip-verify');

    // Of the key alone.
    const payload = simplePayload(digestOf('1.2.0'));
    await attach(name, digestOf('1.2.0'), payload, [byKey(payload)]);
    await until('the other policy is named', async () =>
      (await fluxd.fluxctl('list-images', '-w', workload)).stdout.includes('1.2.0 has no valid signature for cosign-keyless:'),
    );
    await signBoth(digestOf('1.2.0'));
    expect(await release('--update-image', `${image}:1.2.0`)).toMatchObject({ code: 0 });
    await says('1.2.0');

    digests.set('1.3.0', await world.push(name, '1.3.0', { version: '1.3.0' }));
    await signBoth(digestOf('1.3.0'));
    await says('1.3.0');

    await world.push(name, '1.4.0', { version: '1.4.0' });
    expect(await release('--update-image', `${image}:1.4.0`, '--skip-verify', '--user', 'ann')).toMatchObject({ code: 0 });
    expect(fluxd.log()).toContain(`${image}:1.4.0 (signatures not verified)`);
  },
);

/** Open for a minute, half a day from now. */
function nowClosed(): string {
  return `30 ${(new Date().getUTCHours() + 12) % 24} * * * / 1m / UTC`;
}

test.runIf(thorough('signatures in repositories of images that are not watched, end to end'))(
  'an image in a repository that no synced workload has is refused without a signature, and pinned to the digest with one',
  async () => {
    const shop = world.namespace('shop');
    const workload = `${shop}:deployment/web`;
    const [old = '', next = '', other = '', none = ''] = ['old', 'next', 'other', 'none'].map((stem) =>
      world.unique(`acme/${stem}`),
    );
    const digests = new Map<string, string>();
    for (const name of [old, next, other, none])
      for (const version of ['1.0.0', '1.1.0']) digests.set(`${name}:${version}`, await world.push(name, version, { version }));
    const digestOf = (image: string) => digests.get(image) ?? '';
    const { directory, byKey } = await createKey();
    const signImage = async (image: string) => {
      const payload = simplePayload(digestOf(image));
      await attach(image.split(':')[0] ?? '', digestOf(image), payload, [byKey(payload)]);
    };
    const repository = await world.repository();
    const manifestWith = (image: string) => ({
      'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${world.registry}/${image}` }),
    });
    const first = await repository.commit('Open the shop', {
      'namespace.yaml': manifest.namespace(shop),
      ...manifestWith(`${old}:1.0.0`),
    });
    const before = await world.fluxd(repository, {
      args: [`--automation-revert-deadline=${world.runsPods ? 20 : 2}s`],
    });
    await repository.synced(first);
    await until('the workload is recorded as healthy', async () =>
      (await repository.git('notes', '--ref=flux-sync', 'show', first)).includes('"healthy"'),
    );
    await before.stop();

    const args = [
      `--registry-verify=${world.registry}/acme/*=cosign:acme`,
      `--registry-verify-keys=${directory}`,
      `--sync-window=${nowClosed()}`,
    ];
    const fluxd = await world.fluxd(repository, { args });
    const flux = async (...words: string[]) => {
      const { code, stdout, stderr } = await fluxd.fluxctl(...words, '-n', shop, '--workload', workload, '--timeout=5s');
      return { code, said: `${stdout}${stderr}` };
    };
    const release = (image: string) => flux('release', '--update-image', `${world.registry}/${image}`);
    const refusal = (version: string) =>
      `tag ${version} has no valid signature for cosign:acme: it is not signed; to release it all the same, use --skip-verify`;
    const inGit = async () => repository.text('web.yaml');
    const pinned = (image: string) => `image: ${world.registry}/${image}@${digestOf(image)} #`;

    expect(await release(`${none}:1.0.0`)).toMatchObject({
      code: 1,
      said: expect.stringContaining(`no workload has an image of ${world.registry}/${none}`),
    });

    // Git has it, and no sync.
    await repository.commit('Another image', manifestWith(`${next}:1.0.0`));
    expect(await release(`${next}:1.1.0`)).toMatchObject({ code: 1, said: expect.stringContaining(refusal('1.1.0')) });
    await signImage(`${next}:1.1.0`);
    expect(await release(`${next}:1.1.0`)).toMatchObject({ code: 0 });
    expect(await inGit()).toContain(pinned(`${next}:1.1.0`));

    // Neither has it.
    const releaseContainer = async (image: string, by = fluxd, more: object = {}) => {
      const ContainerSpecs = { [workload]: [{ Container: 'web', Target: `${world.registry}/${image}` }] };
      const spec = { Kind: 'execute', ContainerSpecs, SkipMismatches: false, Force: false, ...more };
      const update = { type: 'containers', cause: { Message: '', User: '' }, spec };
      const headers = { 'content-type': 'application/json' };
      const begun = await by.api('v9/update-manifests', { method: 'POST', headers, body: JSON.stringify(update) });
      const id = String(await begun.json());
      let status = '';
      await until('the release is done', async () => {
        status = await (await by.api(`v6/jobs?id=${id}`)).text();
        return /"(?:succeeded|failed)"/.test(status);
      });
      return status;
    };
    expect(await releaseContainer(`${other}:1.0.0`)).toContain(refusal('1.0.0'));
    await signImage(`${other}:1.0.0`);
    expect(await releaseContainer(`${other}:1.0.0`)).toContain('succeeded');
    expect(await inGit()).toContain(pinned(`${other}:1.0.0`));
    const watched = async () => (await fetch(`${fluxd.url.replace('/api/flux', '/api/v1')}/images/scans`)).text();
    expect(await watched()).toContain(old);
    expect(await watched()).not.toMatch(new RegExp(`${next}|${other}|${none}`));

    // The last sync had another image, which the one before had not.
    expect(await fluxd.fluxctl('sync', '--override-window')).toMatchObject({ code: 0 });
    expect(await watched()).not.toContain(old);
    expect(await flux('rollback')).toMatchObject({ code: 1, said: expect.stringContaining(`tag 1.0.0 has no valid signature`) });
    await signImage(`${old}:1.0.0`);
    expect(await flux('rollback')).toMatchObject({ code: 0 });
    expect(await inGit()).toContain(pinned(`${old}:1.0.0`));
    await fluxd.stop();

    const blind = await world.fluxd(repository, { args: [...args, '--registry-disable-scanning'] });
    expect(await releaseContainer(`${none}:1.0.0`, blind)).toContain(
      'cannot be verified: fluxd does not read this repository (--registry-disable-scanning); to release it all the same, use --skip-verify',
    );
    expect(await releaseContainer(`${none}:1.0.0`, blind, { SkipVerify: true })).toContain('succeeded');
    expect(await inGit()).toContain(`image: ${world.registry}/${none}:1.0.0 #`);
  },
);
