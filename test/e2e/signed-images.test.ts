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

test.runIf(thorough('signatures of images, end to end'))(
  'automation and people choose only images with a signature of the key and one of the identity, by their digests',
  async () => {
    const shop = world.namespace('shop');
    const name = world.unique('acme/web');
    const image = `${world.registry}/${name}`;
    const [key, sigstore] = [generateKeyPairSync('ec', { namedCurve: 'prime256v1' }), await createSigstore()];
    const directory = await mkdtemp(join(tmpdir(), 'image-keys-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, 'acme.pub'), key.publicKey.export({ format: 'pem', type: 'spki' }));
    await writeFile(join(directory, 'root.json'), sigstore.trustRoot);
    const byKey = (payload: string) => ({
      'dev.cosignproject.cosign/signature': sign('sha256', Buffer.from(payload), key.privateKey).toString('base64'),
    });
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
