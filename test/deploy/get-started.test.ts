import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../e2e/harness/process.ts';
import { answer } from './harness/cluster.ts';
import { apply, command, environment } from './harness/environment.ts';
import { installWithGeneratedKey, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushPodinfo, pushSystem, pushWeb } from './harness/images.ts';
import { until } from './harness/until.ts';

const EXAMPLE = join(ROOT, 'examples/get-started');

/** The example as it is, but for the registry that its images come from. */
const files = Object.fromEntries(
  readdirSync(EXAMPLE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name, mirrored(readFileSync(join(EXAMPLE, name), 'utf8'))]),
);

function mirrored(text: string): string {
  return text
    .replaceAll('ghcr.io/', `${environment.registry}/`)
    .replaceAll('image: alpine:', `image: ${environment.registry}/alpine:`);
}

/** Of the Helm operator. Nobody installs the release here: what Flux does with it ends at the object. */
const HELM_RELEASES = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'helmreleases.helm.fluxcd.io' },
  spec: {
    group: 'helm.fluxcd.io',
    scope: 'Namespaced',
    names: { kind: 'HelmRelease', plural: 'helmreleases', singular: 'helmrelease', listKind: 'HelmReleaseList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

test('the shapes of Flux v1 run: podinfo with its init container and autoscaler, and a HelmRelease follow their images', async () => {
  await apply(HELM_RELEASES);
  for (const version of ['6.5.0', '6.5.1', '6.6.0']) await pushPodinfo('stefanprodan/podinfo', version);
  for (const version of ['3.10.1', '3.10.2', '3.11.0']) await pushSystem('alpine', version);
  for (const version of ['4.1', '4.2', '5.0']) await pushWeb('you/wiki', version);
  const repository = await clone('get-started');
  const first = await repository.commit('Get started', files);
  const flux = await installWithGeneratedKey('flux-get-started', 'get-started');
  showLogOnFailure(flux);

  await until('podinfo answers with the newest 6.5', async () =>
    ((await answer('demo', 'podinfo')) ?? '').includes('version=6.5.1 '),
  );
  await until('all images in Git are the newest that their patterns allow', async () => {
    await repository.pull();
    const [podinfo, wiki] = [repository.read('workloads/podinfo.yaml'), repository.read('releases/wiki.yaml')];
    return (
      podinfo.includes('/podinfo:6.5.1 # Flux commits newer 6.5.x') &&
      podinfo.includes('/alpine:3.10.2') &&
      wiki.includes('tag: "4.2"')
    );
  });
  const head = await repository.pull();
  await repository.synced(head);
  expect((await repository.git('diff', '--stat=200', first, head)).match(/\|/g)).toHaveLength(2);
  const tag = '--output=jsonpath={.spec.values.image.tag}';
  expect(await command('kubectl', '-n', 'demo', 'get', 'helmrelease', 'wiki', tag)).toBe('4.2');

  const list = async () => (await flux.fluxctl('list-workloads', '--namespace=demo')).stdout;
  // The new pod may answer while the old one still goes.
  await until('the rollout is over', async () =>
    /^demo:deployment\/podinfo +podinfod +\S+:6\.5\.1 +ready +automated$/m.test(await list()),
  );
  expect(await list()).toMatch(/^demo:helmrelease\/wiki +chart-image +\S+:4\.2 +automated$/m);
  await flux.uninstall();
});
