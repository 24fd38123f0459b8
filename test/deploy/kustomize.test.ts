import { afterAll, beforeAll, expect, test } from 'vitest';
import { answer } from './harness/cluster.ts';
import { command, environment } from './harness/environment.ts';
import { filesOfExample } from './harness/example.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-kustomize';
const WEB = 'staging/web/kustomization.yaml';

const files = filesOfExample('kustomize');

let flux: Installation;
let repository: Awaited<ReturnType<typeof clone>>;
beforeAll(async () => {
  await pushWeb('kustomize/web', '1.0.0');
  repository = await clone('kustomized');
  await repository.commit('Build with kustomize', files);
  flux = await installOverSsh(NAMESPACE, 'kustomized', {
    kustomize: 'auto',
    additionalArgs: ['--automation-gather=0s', '--git-path=staging'],
  });
});
afterAll(() => flux.uninstall());

test('what kustomize builds runs, and a new image changes the tag in the overlay alone', async () => {
  showLogOnFailure(flux);
  await until('the first version answers', async () => ((await answer('kustomized', 'web')) ?? '').includes('version=1.0.0'));
  await pushWeb('kustomize/web', '1.0.1');
  await until('the new version answers', async () => ((await answer('kustomized', 'web')) ?? '').includes('version=1.0.1'));
  await repository.pull();
  expect(repository.read(WEB)).toBe((files[WEB] ?? '').replace('newTag: 1.0.0', 'newTag: 1.0.1'));
  expect(await deployed('worker')).toMatchObject({ replicas: 1, image: `${environment.registry}/kustomize/web:1.0.0` });
  expect(await deployed('web')).toMatchObject({ replicas: 1, image: `${environment.registry}/kustomize/web:1.0.1` });
  expect((await flux.fluxctl('why', 'kustomized:deployment/web')).stdout).toContain(WEB);
});

test('a release and a policy of a workload become patches in its overlay', async () => {
  showLogOnFailure(flux);
  await flux.fluxctl(
    'release',
    '--workload=kustomized:deployment/worker',
    `--update-image=${environment.registry}/kustomize/web:1.0.1`,
  );
  await flux.fluxctl('policy', '--workload=kustomized:deployment/worker', '--lock');
  await repository.pull();
  expect(repository.read('staging/worker/kustomization.yaml')).toContain(
    `images:\n  - name: ${environment.registry}/kustomize/web\n    newTag: '1.0.1'\n`,
  );
  expect(repository.read('staging/worker/flux-patch.yaml')).toContain("fluxcd.io/locked: 'true'");
  await until('the worker has the new image', async () => (await deployed('worker')).image.endsWith(':1.0.1'));
});

async function deployed(name: string): Promise<{ readonly replicas: number; readonly image: string }> {
  const { spec } = JSON.parse(await command('kubectl', '-n', 'kustomized', 'get', 'deployment', name, '--output=json'));
  return { replicas: spec.replicas, image: spec.template.spec.containers[0].image };
}
