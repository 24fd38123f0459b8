import { expect, test } from 'vitest';
import { fluxV1Release } from '../support/flux-v1-deployment.ts';
import { showLogOfFailed } from '../support/log-of-failed.ts';
import { answer, pods } from './harness/cluster.ts';
import { apply, attempt, command, environment } from './harness/environment.ts';
import { clone, gitAccess } from './harness/git-server.ts';
import { FLUX, pushWeb } from './harness/images.ts';
import { shop } from './harness/manifests.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-v1';
const SHOP = 'shop-v1';

test('the Deployment of Flux v1 with only the image replaced reads the key and the hosts that it mounts, and works', async () => {
  showLogOfFailed('fluxd', async () => (await attempt('kubectl', '-n', NAMESPACE, 'logs', 'deployment/flux')).stdout);
  await pushWeb(`${SHOP}/web`, '1.0.0');
  const repository = await clone('flux-v1');
  const revision = await repository.commit('Open the shop', {
    'shop.yaml': shop(SHOP, `${environment.registry}/${SHOP}/web:1.0.0`),
  });
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...fluxV1Release({
      namespace: NAMESPACE,
      image: `${FLUX.repository}:${FLUX.tag}`,
      args: [`--git-url=${gitAccess.sshUrl('flux-v1')}`, '--git-branch=main', `--registry-insecure-host=${environment.registry}`],
      knownHosts: gitAccess.knownHosts(),
      identity: gitAccess.identity(),
    }),
  );
  await repository.synced(revision);
  await until('the pod answers', async () => ((await answer(SHOP, 'web')) ?? '').includes('version=1.0.0 '));
  await command('kubectl', '-n', NAMESPACE, 'rollout', 'status', 'deployment/flux', '--timeout=60s');
  expect(await pods(NAMESPACE, 'app=flux')).toMatchObject([{ ready: true, restarts: 0 }]);
});
