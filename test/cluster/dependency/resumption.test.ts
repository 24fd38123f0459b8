import { beforeEach, expect, test } from 'vitest';
import { createResumption, type Resumption } from '../../../src/cluster/dependency/resumption.ts';
import { createSyncSet, type SyncSet } from '../../../src/cluster/plan/sync-set.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import type { Target } from '../../../src/cluster/scope/scope.ts';
import { loneSource } from '../../support/lone-cluster.ts';
import { deployment } from '../world.ts';

const resource = { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true, verbs: ['patch'] };
const target = (name: string, more: Partial<Target> = {}): Target => ({
  ...{ manifest: deployment(name), id: `shop:deployment/${name}`, key: name, resource, namespace: 'shop', name },
  ...more,
});
const setOf = (name: string, order = 0): SyncSet =>
  createSyncSet({ source: loneSource(name), order, defaultNamespace: 'default', allowed: createAllowedNamespaces([]) });

let healthy: Set<string>;
let asked: string[];
let resumption: Resumption;
beforeEach(() => {
  healthy = new Set();
  asked = [];
  resumption = createResumption({
    isHealthy: ({ key }) => healthy.has(key),
    ask: ({ source }) => asked.push(source.name),
  });
});

const becomes = (...keys: readonly string[]) => {
  for (const key of keys) {
    healthy.add(key);
    resumption.changed(key);
  }
};

test('a sync is requested once, when all that one part waits for is healthy', () => {
  const set = setOf('shop');
  resumption.expect(set, [{ targets: [target('db'), target('cache')] }]);
  becomes('db', 'other');
  resumption.changed('cache');
  expect(asked).toEqual([]);
  becomes('cache');
  expect(asked).toEqual(['shop']);
  // The sync is under way.
  resumption.changed('cache');
  expect(asked).toEqual(['shop']);
});

test('one of several parts is enough, and a later apply replaces what is expected', () => {
  const set = setOf('shop');
  resumption.expect(set, [{ targets: [target('db')] }, { targets: [target('cache')] }]);
  becomes('cache');
  expect(asked).toEqual(['shop']);
  resumption.expect(set, [{ targets: [target('db')] }]);
  resumption.changed('cache');
  expect(asked).toEqual(['shop']);
  resumption.expect(set, []);
  becomes('db');
  expect(asked).toEqual(['shop']);
});

test('what became healthy before the apply had ended is not missed', () => {
  becomes('db');
  resumption.expect(setOf('shop'), [{ targets: [target('db')] }]);
  expect(asked).toEqual(['shop']);
});

test('a kind that did not exist when the sync began requests a sync, which watches it', () => {
  const needsCrd = 'rollouts.argoproj.io';
  resumption.expect(setOf('shop'), [{ targets: [target('db'), target('new', { needsCrd })] }]);
  expect(asked).toEqual(['shop']);
});

test('each source hears of what it waits for itself', () => {
  const [a, b] = [setOf('a'), setOf('b', 1)];
  resumption.expect(a, [{ targets: [target('db')] }]);
  resumption.expect(b, [{ targets: [target('cache')] }]);
  becomes('cache');
  expect(asked).toEqual(['b']);
  becomes('db');
  expect(asked).toEqual(['b', 'a']);
});
