import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifest, path, until } from '../../e2e/harness/index.ts';
import { CHART, render } from './helm.ts';
import { startPrometheus } from './prometheus.ts';
import { registry, surround, world } from './surroundings.ts';

surround();

const RULES = join(CHART, 'rules/flux.yaml');

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** As the chart gives it to Grafana. */
function dashboard(): {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
} {
  const rendered = render({ set: { 'dashboards.enabled': true } }).find(({ metadata }) => metadata.name === 'dashboard-flux');
  expect(rendered?.metadata).toMatchObject({ labels: { grafana_dashboard: '1' } });
  return JSON.parse(rendered?.data['flux.json']);
}

/** What Grafana puts in before it asks. */
const filledIn = (expression: string) => expression.replaceAll('$__rate_interval', '1m').replaceAll('$namespace', 'flux');

test('each panel of the dashboard shows data of a daemon that works, and no alert fires', async () => {
  const shop = world.namespace('shop');
  const image = (tag: string) => `${registry.host}/shop/web:${tag}`;
  registry.pushImage({ repository: 'shop/web', tag: '1.0.0', created: new Date('2026-01-01') });
  const repository = await world.repository();
  const annotations = { 'fluxcd.io/automated': 'true' };
  const first = await repository.commit('Open the shop', {
    'shop.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: image('1.0.0'), replicas: 0, annotations }),
    'a.yaml': manifest.configMap(shop, 'a'),
  });
  const fluxd = await world.fluxd(repository, {
    args: [`--registry-insecure-host=${registry.host}`, '--sync-garbage-collection'],
  });
  const prometheus = await startPrometheus(new URL(fluxd.url).host, RULES);
  await repository.synced(first);
  // A series counts from its second sample on.
  const scraped = (expression: string) =>
    until(`${expression} is scraped`, async () => (await prometheus.query(expression)).length > 0);
  await scraped('flux_sync_changes_total offset 2s');
  await world.kube.patch(path.configMap(shop, 'a'), { data: { greeting: 'drifted' } });
  await until('drift is corrected', async () => (await world.kube.get(path.configMap(shop, 'a'))).data.greeting === 'hello');
  registry.pushImage({ repository: 'shop/web', tag: '1.0.1', created: new Date('2026-01-02') });
  await until('the image is updated', async () => {
    const { spec } = await world.kube.get(path.deployment(shop, 'web'));
    return spec.template.spec.containers[0].image === image('1.0.1');
  });
  for (const command of ['lock', 'unlock'])
    expect(await fluxd.fluxctl(command, '--workload', `${shop}:deployment/web`)).toMatchObject({ code: 0 });

  const { panels, annotations: shown } = dashboard();
  const expressions = [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr }))),
    ...shown.list.map(({ expr }) => ({ title: 'annotation', expr })),
  ];
  expect(expressions.length).toBeGreaterThan(20);
  for (const { title, expr } of expressions) {
    await until(`"${title}" shows something: ${filledIn(expr)}`, async () => {
      const samples = await prometheus.query(filledIn(expr));
      // An average of nothing is no number: of what did not happen in the last minute.
      return samples.some(({ value }) => Number.isFinite(Number(value[1])));
    });
  }
  const value = async (title: string) => {
    const [expression] = expressions.filter((each) => each.title === title);
    const [sample] = await prometheus.query(filledIn(expression?.expr ?? ''));
    return Number(sample?.value[1]);
  };
  expect([await value('Git'), await value('Leaders'), await value('Objects that fail')]).toEqual([1, 1, 0]);
  expect(await value('Since the last sync')).toBeLessThan(120);

  const { groups } = (await prometheus.get('rules')) as {
    readonly groups: readonly {
      readonly rules: readonly { readonly name: string; readonly health: string; readonly state: string }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.filter(({ health, state }) => health !== 'ok' || state !== 'inactive')).toEqual([]);
  expect(rules.length).toBe(9);
});

test('promtool takes the alerts, and each fires when it has to and not before', () => {
  for (const args of [
    ['check', 'rules', RULES],
    ['test', 'rules', join(import.meta.dirname, 'alerts.yaml')],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
  }
  // Each alert has its test.
  const names = (text: string, key: string) => new Set(text.match(new RegExp(`(?<=${key}: )Flux\\w+`, 'g')));
  const tested = names(readFileSync(join(import.meta.dirname, 'alerts.yaml'), 'utf8'), 'alertname');
  expect(tested).toEqual(names(readFileSync(RULES, 'utf8'), 'alert'));
});

test('the PrometheusRule of the chart holds these rules', () => {
  const rule = render({ set: { 'prometheus.rules.create': true } }).find(({ kind }) => kind === 'PrometheusRule');
  expect(rule?.spec.groups[0].rules).toHaveLength(9);
});
