import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { METRICS } from '../../src/base/metric-table.ts';
import { thorough } from '../support/sampled.ts';
import { createWebhooks, type Fluxd, manifest, path, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Samples by series, buckets left out. */
async function scrape(fluxd: Fluxd): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(new URL('/metrics', fluxd.url))).text();
  const samples = [...text.matchAll(/^(flux_\w+(?:\{[^}]*\})?) (\S+)$/gm)].map(
    ([, name = '', value]) => [name, Number(value)] as const,
  );
  return new Map(samples.filter(([name]) => !name.includes('_bucket{')));
}

test.runIf(thorough('what moves each metric'))('every metric is moved by what it measures', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  const id = `${shop}:deployment/web`;
  const push = (tag: string, month: number) => world.push(name, tag, { version: tag, created: `2024-0${month}-01T00:00:00Z` });
  await push('1.0.0', 1);
  await push('1.1.0', 2);
  const hooks = await createWebhooks();
  onTestFinished(() => hooks.remove());
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'shop.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0` }),
    'greeting.yaml': manifest.configMap(shop, 'greeting'),
    'farewell.yaml': manifest.configMap(shop, 'farewell'),
  });
  const directory = await mkdtemp(join(tmpdir(), 'flux-cache-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const cache = ['--registry-cache=disk', `--registry-cache-dir=${directory}`];
  const fluxd = await world.fluxd(repository, { args: ['--sync-garbage-collection', ...cache, ...hooks.args] });
  await repository.synced(first);
  const until1 = async (series: string) => until(series, async () => ((await scrape(fluxd)).get(series) ?? 0) >= 1);
  await until1('flux_client_fetch_duration_seconds_count{kind="metadata",success="true"}');

  // Releases, one of them for nothing; then automation.
  for (const image of ['--update-all-images', '--update-all-images']) await fluxd.fluxctl('release', '--workload', id, image);
  await fluxd.fluxctl('release', '--workload', id, '--update-image', `${image}:1.0.0`, '--dry-run');
  await fluxd.fluxctl('automate', '--workload', id);
  await push('1.2.0', 3);
  const hook = hooks.generic({ image });
  await hooks.send(hook);
  await hooks.send({ ...hook, path: `/hook/${'0'.repeat(64)}` });
  await fluxd.api('v11/notify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Kind: 'image', Source: { Name: { Domain: world.registry, Image: name } } }),
  });
  await until1('flux_git_commits_total{type="auto"}');

  await world.kube.patch(path.configMap(shop, 'greeting'), { data: { greeting: 'who are you' } });
  await until1('flux_drift_corrections_total');

  // One object that is refused by the server, one file that cannot be read, and a deletion that is held for both.
  await repository.pull();
  const broken = await repository.commit('Break things', {
    'map.yaml': manifest.configMap(shop, 'Not-A-Name'),
    'broken.yaml': 'a: [',
    'farewell.yaml': null,
  });
  await repository.synced(broken);
  await until1('flux_prune_held_objects');

  const samples = await scrape(fluxd);
  const value = (series: string) => samples.get(series);
  expect(value(`flux_sync_info{revision="${broken}"}`)).toBe(1);
  expect(value('flux_daemon_sync_manifests{success="false"}')).toBe(2);
  expect(value('flux_daemon_sync_manifests{success="true"}')).toBe(3);
  expect(value('flux_sync_refused_manifests')).toBe(1);
  expect(value('flux_sync_objects{outcome="held"}')).toBe(1);
  expect(value('flux_daemon_job_duration_seconds_count{success="true"}')).toBeGreaterThanOrEqual(2);
  expect(value('flux_daemon_job_duration_seconds_count{success="false"}')).toBeGreaterThanOrEqual(1);
  expect(
    value('flux_fluxsvc_release_duration_seconds_count{release_type="specific_image",release_kind="plan",success="true"}'),
  ).toBe(1);
  expect(
    value('flux_fluxsvc_release_duration_seconds_count{release_type="latest_images",release_kind="execute",success="true"}'),
  ).toBe(2);
  for (const stage of ['select_workloads', 'lookup_images', 'write_changes', 'verify_changes'])
    expect(value(`flux_fluxsvc_release_stage_duration_seconds_count{stage="${stage}"}`), stage).toBeGreaterThanOrEqual(2);
  for (const kind of ['tags', 'metadata'])
    expect(value(`flux_client_fetch_duration_seconds_count{kind="${kind}",success="true"}`), kind).toBeGreaterThanOrEqual(1);
  for (const operation of ['fetch', 'push'])
    expect(
      value(`flux_git_remote_duration_seconds_count{operation="${operation}",success="true"}`),
      operation,
    ).toBeGreaterThanOrEqual(1);
  for (const step of ['fetch', 'sync', 'automate'])
    expect(value(`flux_loop_step_duration_seconds_count{step="${step}",success="true"}`), step).toBeGreaterThanOrEqual(1);
  for (const type of ['image', 'policy', 'auto']) expect(value(`flux_git_commits_total{type="${type}"}`), type).toBe(1);
  expect(value('flux_git_ready')).toBe(1);
  expect(value('flux_registry_fetch_duration_seconds_count{success="true"}')).toBeGreaterThanOrEqual(1);
  expect(value('flux_kubernetes_requests_total{method="PATCH",code="201"}')).toBeGreaterThanOrEqual(4);
  expect(
    value('flux_request_duration_seconds_count{method="POST",route="UpdateManifests",status_code="200",ws="false"}'),
  ).toBeGreaterThanOrEqual(3);
  expect(value('flux_webhooks_total{source="Generic",result="accepted"}')).toBe(1);
  expect(value('flux_webhooks_total{source="unknown",result="refused"}')).toBe(1);

  // Jobs wait for too short a time to be seen from outside, nothing is verified here, and no registry reports a limit; the rest has moved.
  const still = Object.keys(METRICS).filter(
    (metric) =>
      ![...samples].some(
        ([series, sample]) => series.replace(/(_count|_sum)?(\{.*)?$/, '') === metric.replace(/_count$/, '') && sample > 0,
      ),
  );
  expect(still).toEqual(['flux_daemon_queue_length_count', 'flux_git_unverified_commits', 'flux_registry_budget_left_ratio']);
});
