import { expect, onTestFinished, test } from 'vitest';
import { gcMark } from '../../../src/cluster/index.ts';
import { createSyncSet, type SyncSet } from '../../../src/cluster/plan/sync-set.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import { createAttention } from '../../../src/cluster/watch/attention.ts';
import { loneSource } from '../../support/lone-cluster.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { configMap } from '../world.ts';

const allowed = createAllowedNamespaces([]);
const resource = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, verbs: ['patch'] };

/** A source that wants one ConfigMap with its own name. */
function sourceOf(name: string, order: number) {
  const asked: string[] = [];
  const source = { ...loneSource(name), onDrift: () => void asked.push(name) };
  const set: SyncSet = createSyncSet({ source, order, defaultNamespace: 'default', allowed });
  const [id, key] = [`shop:configmap/${name}` as const, `key-of-${name}`];
  const target = { manifest: configMap(name), id, key, resource, namespace: 'shop', name };
  set.targets = new Map([[key, { target, mark: gcMark(name, id) }]]);
  set.isPlanned = true;
  return { set, key, asked };
}

test('the writes of one source do not delay what another one has to correct', async () => {
  const [a, b] = [sourceOf('a', 0), sourceOf('b', 1)];
  const clock = new ManualClock();
  const attention = createAttention({ clock, manager: 'flux', sets: () => [a.set, b.set] });
  onTestFinished(() => attention.close());
  await attention.during(a.set, async () => {
    attention.changed({ key: a.key, live: undefined });
    expect(a.asked).toEqual([]);
    attention.changed({ key: b.key, live: undefined });
    expect(b.asked).toEqual(['b']);
  });
  await clock.advance(1_000);
  expect([a.asked, b.asked]).toEqual([['a'], ['b']]);
});

test('what is left as it is because it waits for others requests no sync', async () => {
  const { set, key, asked } = sourceOf('a', 0);
  const attention = createAttention({ clock: new ManualClock(), manager: 'flux', sets: () => [set] });
  onTestFinished(() => attention.close());
  set.waiting = new Set([key]);
  attention.changed({ key, live: undefined });
  expect(asked).toEqual([]);
  set.waiting = new Set();
  attention.changed({ key, live: undefined });
  expect(asked).toEqual(['a']);
});
