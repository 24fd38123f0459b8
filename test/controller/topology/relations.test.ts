import { expect, test } from 'vitest';
import { relationsOf } from '../../../src/controller/topology/relations.ts';
import type { JsonObject, KubeObject, Manifest } from '../../../src/resource/index.ts';
import { bestOfThreeTurns } from '../../support/turn-cpu.ts';

const metadata = { name: 'x' };
const manifest = (object: KubeObject): Manifest => ({
  object,
  checksum: '',
  place: { file: 'a.yaml', document: 0, line: 1 },
});
const service = (selector: JsonObject) => manifest({ apiVersion: 'v1', kind: 'Service', metadata, spec: { selector } });
const deployment = (labels: JsonObject, spec: JsonObject = {}) =>
  manifest({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template: { metadata: { labels }, spec } } });

test('a Service routes to the workloads of its namespace that have all its labels', async () => {
  const relations = await relationsOf(
    new Map([
      ['shop:service/cart', service({ app: 'cart', tier: 'web' })],
      ['shop:deployment/cart', deployment({ app: 'cart', tier: 'web', more: 'x' }, { serviceAccountName: 'cart' })],
      ['shop:deployment/worker', deployment({ app: 'cart', tier: 'worker' })],
      ['blog:deployment/cart', deployment({ app: 'cart', tier: 'web' })],
    ]),
  );
  expect(relations).toEqual([
    { from: 'shop:deployment/cart', to: 'shop:serviceaccount/cart', type: 'uses' },
    { from: 'shop:service/cart', to: 'shop:deployment/cart', type: 'routes' },
  ]);
});

test('50,000 objects with 5,000 Services take no long turn', async () => {
  const many = new Map(
    Array.from({ length: 50_000 }, (_, index) => {
      const labels = { part: 'all', app: `a${index % 5_000}` };
      return index % 10 === 0
        ? ([`n:service/s${index}`, service(labels)] as const)
        : ([`n:deployment/d${index}`, deployment(labels)] as const);
    }),
  );
  const { cpuMs } = await bestOfThreeTurns(() => relationsOf(many), 50);
  expect(cpuMs).toBeLessThan(50);
});

test('1,000 Services take no long turn where 1,000 workloads have their label', async () => {
  const many = (labels: JsonObject) =>
    new Map(
      Array.from({ length: 1_000 }, (_, index) => [
        [`n:deployment/d${index}`, deployment({ app: 'x', part: 'a', side: 'l' })] as const,
        [`n:service/s${index}`, service(labels)] as const,
      ]).flat(),
    );
  const all = await bestOfThreeTurns(() => relationsOf(many({ app: 'x' })), 50);
  expect(all.cpuMs).toBeLessThan(50);
  expect(all.result).toHaveLength(50_000);
  // Two of the labels are those of other workloads, so that each workload is looked at in vain.
  const others = ['part', 'side'].map((name) => [`n:deployment/${name}`, name] as const);
  const none = new Map([
    ...many({ app: 'x', part: 'b', side: 'r' }),
    ...others.flatMap(([id, name]) =>
      Array.from(
        { length: 1_001 },
        (_, index) => [`${id}${index}`, deployment({ [name]: name === 'part' ? 'b' : 'r' })] as const,
      ),
    ),
  ]);
  const vain = await bestOfThreeTurns(() => relationsOf(none), 50);
  expect(vain.cpuMs).toBeLessThan(50);
  expect(vain.result).toEqual([]);
});
