import { expect, test } from 'vitest';
import type { UpdateSpec } from '../../src/update/index.ts';
import { startEngine } from './engine.ts';
import { namespace, yaml } from './manifests.ts';

const MINUTE = 60_000;

test('jobs that wait are counted when they come and when they go', async () => {
  const { daemon, time, repository, metrics } = await startEngine({ 'namespace.yaml': yaml(namespace('shop')) });
  await time.until('synced', () => repository.tag !== undefined, MINUTE);
  const lines = async () =>
    (await metrics()).filter((line) => /^flux_daemon_(queue|job)/.test(line) && !line.includes('_bucket'));
  const job: UpdateSpec = { type: 'sync', cause: { Message: '', User: '' }, spec: {} };
  await daemon.update(job);
  await daemon.update(job);
  expect(await lines()).toContain('flux_daemon_queue_length_count 2');
  await time.pass(MINUTE);
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'flux_daemon_queue_length_count 0',
      'flux_daemon_queue_duration_seconds_count 2',
      'flux_daemon_job_duration_seconds_count{success="true"} 2',
    ]),
  );
});
