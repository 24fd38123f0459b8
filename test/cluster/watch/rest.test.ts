import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { startKubernetes } from '../../../src/sim/index.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { until } from '../../support/until.ts';
import { transportTo } from '../transport-to.ts';
import { configMap, path, request } from '../world.ts';

const LARGE = 200;

test('what somebody does to an object while a large sync writes others is seen when it is done', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-rest-'));
  const kubeconfigFile = join(directory, 'kubeconfig');
  const server = await startKubernetes();
  writeFileSync(kubeconfigFile, server.kubeconfig());
  const cluster = await createLoneCluster({ kubeconfigFile, excludeResources: [], clock: systemClock, log: silentLogger() });
  const transport = await transportTo(kubeconfigFile, systemClock);
  onTestFinished(async () => {
    transport.close();
    cluster.close();
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  const all = (value: string) => Array.from({ length: LARGE }, (_, n) => configMap(`of-many-${n}`, { a: value }, 'default'));
  const bystander = configMap('bystander', { a: 'ours' }, 'default');
  const outcomes = async (value: string, onProgress = () => {}) => {
    const plan = await cluster.plan(request([...all(value), bystander]));
    return Object.values(Object.groupBy(await cluster.apply(plan, { onProgress }), ({ outcome }) => outcome)).map(
      (changes) => `${changes.length} ${changes[0]?.outcome}`,
    );
  };
  let drifts = 0;
  cluster.onDrift(() => {
    drifts += 1;
  });
  expect(await outcomes('one')).toEqual([`${LARGE + 1} created`]);

  let foreign: Promise<unknown> | undefined;
  const edit = () => {
    foreign ??= transport.request({
      method: 'PATCH',
      path: path.configMap('bystander', 'default'),
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ data: { a: 'theirs' } }),
    });
  };
  expect(await outcomes('two', edit)).toEqual([`${LARGE} configured`, '1 unchanged']);
  await foreign;
  await until('the edit counts as drift', () => drifts > 0);
  expect(await outcomes('two')).toEqual([`${LARGE} unchanged`, '1 configured']);
});
