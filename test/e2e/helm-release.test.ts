import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const CRD = 'helmreleases.helm.fluxcd.io';
test.runIf(thorough('images of a HelmRelease, end to end'))(
  'images among the values of a HelmRelease are listed, automated and released, one line of the file each',
  async () => {
    const shop = world.namespace('shop');
    const [web, side] = [world.unique('acme/web'), world.unique('acme/side')];
    await world.push(web, '1.0.0', { version: '1.0.0' });
    await world.push(side, 'v1', { version: 'v1', created: '2024-01-10T10:00:00Z' });
    await world.push(side, 'v2', { version: 'v2', created: '2024-02-10T10:00:00Z' });
    const file = (tag: string, picture: string) => `apiVersion: helm.fluxcd.io/v1
kind: HelmRelease
metadata:
  name: wiki
  namespace: ${shop}
  annotations:
    fluxcd.io/automated: "true"
    filter.fluxcd.io/chart-image: semver:~1
    filter.fluxcd.io/side: glob:nothing*
    repository.fluxcd.io/side: sidecar.picture
spec:
  chart: { git: "https://example.org/charts.git", path: wiki, ref: main }
  values:
    image:
      registry: ${world.registry}
      repository: ${web}
      tag: "${tag}" # kept current by Flux
    sidecar: { picture: ${picture}, size: 2 }
`;
    const picture = (tag: string) => `${world.registry}/${side}:${tag}`;
    const repository = await world.repository();
    await repository.commit('Open the wiki', {
      'namespace.yaml': manifest.namespace(shop),
      'crd.yaml': manifest.anyResourceDefinition('helm.fluxcd.io', 'HelmRelease'),
      'wiki.yaml': file('1.0.0', picture('v1')),
    });
    onTestFinished(async () => {
      if (await world.kube.find(path.crd(CRD))) await world.kube.delete(path.crd(CRD));
    });
    const fluxd = await world.fluxd(repository);
    const release = `apis/helm.fluxcd.io/v1/namespaces/${shop}/helmreleases/wiki`;
    const values = async () => (await world.kube.find(release))?.spec.values;
    const written = () => repository.text('wiki.yaml');
    await until('the release is applied', async () => (await values())?.image.tag === '1.0.0');

    await world.push(web, '1.0.1', { version: '1.0.1' });
    await fluxd.api('v11/notify', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Kind: 'image', Source: { Name: { Domain: world.registry, Image: web } } }),
    });
    await until('the new tag is applied', async () => (await values())?.image.tag === '1.0.1');
    expect(await written()).toBe(file('1.0.1', picture('v1')));

    const id = `${shop}:helmrelease/wiki`;
    await until('both tags are known', async () =>
      (await (await fluxd.api(`v10/images?namespace=${shop}`)).text()).includes('v2'),
    );
    const released = await fluxd.fluxctl('release', '--workload', id, '--update-image', picture('v2'), '--force');
    expect(released).toMatchObject({ code: 0, stdout: expect.stringContaining(`side: ${picture('v1')} -> v2`) });
    expect(await written()).toBe(file('1.0.1', picture('v2')));
    expect((await values())?.sidecar).toEqual({ picture: picture('v2'), size: 2 });

    await world.kube.patch(release, { status: { releaseStatus: 'DEPLOYED' } });
    await until('the status of the release is listed', async () =>
      (await (await fluxd.api(`v11/services?namespace=${shop}`)).text()).includes('DEPLOYED'),
    );
    const { stdout } = await fluxd.fluxctl('list-workloads', '--namespace', shop, '--no-headers');
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      [id, 'chart-image', `${world.registry}/${web}:1.0.1`, 'DEPLOYED', 'automated'],
      ['', 'side', picture('v2'), ''],
      [''],
    ]);
  },
);
