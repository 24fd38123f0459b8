import { afterAll, beforeAll, expect, test } from 'vitest';
import { answer } from './harness/cluster.ts';
import { filesOfExample } from './harness/example.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-helm';
const VALUES = 'staging/web/values.yaml';

const files = filesOfExample('helm');

let flux: Installation;
let repository: Awaited<ReturnType<typeof clone>>;
beforeAll(async () => {
  await pushWeb('helm/site', '1.0.0');
  repository = await clone('charts');
  await repository.commit('Render a chart', files);
  flux = await installOverSsh(NAMESPACE, 'charts', {
    manifestGeneration: true,
    additionalArgs: ['--automation-gather=0s', '--git-path=staging'],
  });
});
afterAll(() => flux.uninstall());

test('a chart runs; a policy becomes a patch beside it, and a new image changes the tag in the values alone', async () => {
  showLogOnFailure(flux);
  await until('the first version answers', async () => ((await answer('charts', 'web')) ?? '').includes('version=1.0.0'));
  const policy = await flux.fluxctl('policy', '--workload=charts:deployment/web', '--automate', '--tag=web=semver:~1.0');
  expect(policy).toMatchObject({ code: 0 });
  await pushWeb('helm/site', '1.0.1');
  await until('the new version answers', async () => ((await answer('charts', 'web')) ?? '').includes('version=1.0.1'));
  await repository.pull();
  expect(repository.read(VALUES)).toBe((files[VALUES] ?? '').replace('tag: "1.0.0"', 'tag: "1.0.1"'));
  expect(repository.read('staging/web/flux-patch.yaml')).toContain("fluxcd.io/automated: 'true'");
  expect(repository.read('charts/web/values.yaml')).toBe(files['charts/web/values.yaml']);
  expect((await flux.fluxctl('why', 'charts:deployment/web')).stdout).toContain('staging/web');
});
