import { expect, test } from 'vitest';
import { createMetrics } from '../../src/base/index.ts';
import type { StepMetrics } from '../../src/controller/steps.ts';

const linesOf = async ({ render }: Awaited<ReturnType<typeof createMetrics>>) => {
  const { body } = await render();
  return body.split('\n').filter((line) => line.startsWith('flux_'));
};

test('names, labels and buckets are those of Flux v1', async () => {
  const metrics = await createMetrics();
  const steps: StepMetrics = metrics;
  steps.syncDone({ success: true, seconds: 7 });
  steps.objects({ applied: 33, failed: 2, heldDeletions: 4 });
  steps.jobStarted(0.3, 5);
  steps.jobDone({ success: false, seconds: 1.5 });
  steps.gitReady(true);
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'flux_daemon_sync_duration_seconds_bucket{le="5",success="true"} 0',
      'flux_daemon_sync_duration_seconds_bucket{le="10",success="true"} 1',
      'flux_daemon_sync_duration_seconds_bucket{le="240",success="true"} 1',
      'flux_daemon_sync_duration_seconds_count{success="true"} 1',
      'flux_daemon_sync_manifests{success="true"} 33',
      'flux_daemon_sync_manifests{success="false"} 2',
      'flux_prune_held_objects 4',
      'flux_daemon_queue_duration_seconds_bucket{le="0.1"} 0',
      'flux_daemon_queue_duration_seconds_bucket{le="0.5"} 1',
      'flux_daemon_queue_length_count 5',
      'flux_daemon_job_duration_seconds_bucket{le="2",success="false"} 1',
      'flux_git_ready 1',
    ]),
  );
  metrics.gitReady(false);
  expect(await linesOf(metrics)).toContain('flux_git_ready 0');
});

test('two registries do not know of each other', async () => {
  const [one, two] = await Promise.all([createMetrics(), createMetrics()]);
  one.gitReady(true);
  expect(await linesOf(two)).toContain('flux_git_ready 0');
  expect((await one.render()).contentType).toContain('text/plain');
});

test('webhooks are counted by source and by what became of them', async () => {
  const metrics = await createMetrics();
  metrics.webhook('GitHub', 'accepted');
  metrics.webhook('GitHub', 'accepted');
  metrics.webhook('unknown', 'refused');
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'flux_webhooks_total{source="GitHub",result="accepted"} 2',
      'flux_webhooks_total{source="unknown",result="refused"} 1',
    ]),
  );
});
