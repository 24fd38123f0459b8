import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../src/base/index.ts';
import { METRICS, type MetricDefinition } from '../../src/base/metric-table.ts';

const D = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const S = [0.5, 5, 10, 20, 30, 40, 50, 60, 75, 90, 120, 240];
const J = [0.1, 0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120];

/** The metrics of Flux v1.25.4 with type, labels and buckets. */
const FLUX_V1: Readonly<Record<string, readonly [type: string, labels: readonly string[], buckets?: readonly number[]]>> = {
  flux_daemon_sync_duration_seconds: ['histogram', ['success'], S],
  flux_daemon_sync_manifests: ['gauge', ['success']],
  flux_daemon_job_duration_seconds: ['histogram', ['success'], J],
  flux_daemon_queue_duration_seconds: ['histogram', [], J],
  flux_daemon_queue_length_count: ['gauge', []],
  flux_git_ready: ['gauge', []],
  flux_cache_request_duration_seconds: ['histogram', ['method', 'success'], D],
  flux_registry_fetch_duration_seconds: ['histogram', ['success'], D],
  flux_client_fetch_duration_seconds: ['histogram', ['kind', 'success'], D],
  flux_fluxsvc_release_duration_seconds: ['histogram', ['release_type', 'release_kind', 'success'], D],
  flux_fluxsvc_release_stage_duration_seconds: ['histogram', ['stage'], D],
  flux_fluxd_connection_duration_seconds: ['gauge', ['target']],
  flux_platform_request_duration_seconds: ['histogram', ['method', 'success'], D],
  flux_request_duration_seconds: ['histogram', ['method', 'route', 'status_code', 'ws'], D],
};

/** Those that can mean nothing here; docs/metrics.md says why. */
const NOT_HERE = ['flux_fluxd_connection_duration_seconds', 'flux_platform_request_duration_seconds'];

const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
const rules = readFileSync(new URL('../../charts/flux/rules/flux.yaml', import.meta.url), 'utf8');
const DEFINED: readonly (readonly [string, MetricDefinition])[] = Object.entries(METRICS);

const linesOf = async ({ render }: Pick<Metrics, 'render'>) =>
  (await render()).body.split('\n').filter((line) => line.startsWith('flux_'));

const fresh = () => createMetrics({ version: '1.2.3' });

describe('the names of Flux v1', () => {
  test.each(Object.entries(FLUX_V1).filter(([name]) => !NOT_HERE.includes(name)))('%s', async (name, [type, labels, buckets]) => {
    const defined = DEFINED.find(([each]) => each === name)?.[1];
    expect(defined).toMatchObject({ type, labels, ...(buckets ? { buckets } : {}) });
    expect((await (await fresh()).render()).body).toContain(`# TYPE ${name} ${type}\n`);
  });

  test.each(NOT_HERE)('%s is not served, and docs/metrics.md says why', async (name) => {
    expect((await (await fresh()).render()).body).not.toContain(name);
    expect(docs).toMatch(new RegExp(`^\\| \`${name}\` \\| \\S.{20,} \\|$`, 'm'));
  });
});

test('values arrive in their series', async () => {
  const metrics = await fresh();
  metrics.ofSource('default').syncDone({ success: true, seconds: 7, endedAt: 1_900_000_000_500 });
  metrics.ofSource('default').synced({
    revision: 'abc',
    outcomes: { created: 1, configured: 2, unchanged: 30, skipped: 4, failed: 2 },
    refused: 3,
    heldDeletions: 4,
    corrections: 1,
  });
  metrics.jobStarted(0.3);
  metrics.ofSource('default').queueLength(5);
  metrics.jobDone({ success: false, seconds: 1.5 });
  metrics.ofSource('default').gitReady(true);
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'flux_daemon_sync_duration_seconds_bucket{le="5",success="true"} 0',
      'flux_daemon_sync_duration_seconds_bucket{le="10",success="true"} 1',
      'flux_daemon_sync_duration_seconds_count{success="true"} 1',
      'flux_daemon_sync_manifests{success="true"} 33',
      'flux_daemon_sync_manifests{success="false"} 5',
      'flux_sync_last_success_timestamp_seconds 1900000000.5',
      'flux_sync_objects{outcome="skipped"} 4',
      'flux_sync_changes_total{outcome="configured"} 2',
      'flux_sync_refused_manifests 3',
      'flux_sync_info{revision="abc"} 1',
      'flux_prune_held_objects 4',
      'flux_daemon_queue_duration_seconds_bucket{le="0.1"} 0',
      'flux_daemon_queue_duration_seconds_bucket{le="0.5"} 1',
      'flux_daemon_queue_length_count 5',
      'flux_daemon_job_duration_seconds_bucket{le="2",success="false"} 1',
      'flux_git_ready 1',
      'flux_build_info{version="1.2.3"} 1',
    ]),
  );
});

test('a failed sync does not move the time of the last good one', async () => {
  const metrics = await fresh();
  metrics.ofSource('default').syncDone({ success: true, seconds: 1, endedAt: 1_000 });
  metrics.ofSource('default').syncDone({ success: false, seconds: 1, endedAt: 9_000 });
  expect(await linesOf(metrics)).toContain('flux_sync_last_success_timestamp_seconds 1');
});

test('the last good sync is that of the source that failed longest, among those that this daemon leads', async () => {
  const metrics = await fresh();
  const [a, b] = [metrics.ofSource('a'), metrics.ofSource('b')];
  const shown = async () => (await linesOf(metrics)).filter((line) => line.startsWith('flux_sync_last_success'));
  const good = (endedAt: number) => ({ success: true, seconds: 1, endedAt });
  a.leading(true);
  b.leading(true);
  a.syncDone(good(5_000));
  expect(await shown()).toEqual([]);
  b.syncDone(good(3_000));
  a.syncDone(good(9_000));
  expect(await shown()).toEqual(['flux_sync_last_success_timestamp_seconds 3']);
  b.leading(false);
  expect(await shown()).toEqual(['flux_sync_last_success_timestamp_seconds 9']);
});

test('a gauge is not there before it was measured, and registries do not know of each other', async () => {
  const [one, two] = await Promise.all([fresh(), fresh()]);
  one.ofSource('default').gitReady(true);
  one.ofSource('default').gitReady(false);
  expect(await linesOf(one)).toContain('flux_git_ready 0');
  expect((await linesOf(two)).filter((line) => /^flux_(git_ready|prune_held|sync_last|daemon_queue_length)/.test(line))).toEqual(
    [],
  );
  expect((await two.render()).contentType).toContain('text/plain');
});

test('what comes from outside makes no series of its own', async () => {
  const metrics = await fresh();
  const tell = (from: number, to: number) => {
    for (let i = from; i < to; i += 1) {
      metrics.request({ method: `M${i}`, route: 'NotFound', status: i, seconds: 0 });
      metrics.release({ type: 'specific_image', kind: `kind-${i}`, success: true, seconds: 0 });
      metrics.kubernetesRequest(`M${i}`, i);
      metrics.registryRequest(i);
      metrics
        .ofSource('default')
        .synced({ revision: `r-${i}`, outcomes: { [`o-${i}`]: 1 }, refused: 0, heldDeletions: 0, corrections: 0 });
    }
  };
  tell(0, 1000);
  const { length } = await linesOf(metrics);
  tell(1000, 3000);
  const lines = await linesOf(metrics);
  expect(lines.length - length).toBeLessThanOrEqual(0);
  expect(lines.filter((line) => line.startsWith('flux_sync_info'))).toEqual(['flux_sync_info{revision="r-2999"} 1']);
  expect(lines.filter((line) => line.startsWith('flux_registry_requests_total')).length).toBeLessThan(40);
});

test('image repositories are counted when somebody scrapes', async () => {
  const metrics = await fresh();
  let failed = 2;
  metrics.imageScans(() => ({
    repositories: { scanned: 5, failed },
    ...(failed === 0 ? {} : { leastBudget: 0.25, longestIntervalSeconds: 60 }),
  }));
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'flux_image_repositories{state="failed"} 2',
      'flux_registry_budget_left_ratio 0.25',
      'flux_registry_scan_interval_seconds 60',
    ]),
  );
  failed = 0;
  const later = await linesOf(metrics);
  expect(later).toContain('flux_image_repositories{state="failed"} 0');
  expect(later.filter((line) => /^flux_registry_(budget|scan)/.test(line))).toEqual([]);
});

describe('docs/metrics.md', () => {
  test('has every metric with its type and labels, and no other', () => {
    const rows = [...docs.matchAll(/^\| `(flux_\w+)` \| (counter|gauge|histogram) \|(.*?)\| (.+) \|$/gm)].map(
      ([, name, type, labels = '']) => ({ name, type, labels: [...labels.matchAll(/`(\w+)`/g)].map((match) => match[1]) }),
    );
    const defined = DEFINED.map(([name, { type, labels }]) => ({ name, type, labels }));
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      String(a.name).localeCompare(String(b.name));
    expect(rows.sort(byName)).toEqual([...defined].sort(byName));
  });

  test('names in its examples, and in the alerts of the chart, are real', async () => {
    const { body } = await (await fresh()).render();
    const known = new Set([
      ...DEFINED.map(([name]) => name),
      ...[...body.matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]),
      ...NOT_HERE,
    ]);
    const named = [...`${docs}${rules}`.matchAll(/\b(?:flux|process|nodejs)_\w+\b/g)].map(([name]) =>
      name.replace(/_(?:bucket|count|sum)$/, (end) => (known.has(name) ? end : '')),
    );
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !known.has(name) && !FRAGMENTS.has(name))).toEqual([]);
  });
});

/** Families that are named as a whole. */
const FRAGMENTS = new Set(['process_', 'nodejs_']);
