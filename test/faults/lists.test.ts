import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { configMap, manifest, request } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { createLoneCluster } from '../support/lone-cluster.ts';
import { sampled } from '../support/sampled.ts';
import { configMapPath } from './manifests.ts';
import { outcomes, startWorld, type World } from './world.ts';

/** The other groups would only add lists that nothing is about. */
const CORE_ONLY = ['*.k8s.io/*', 'apps/*', 'autoscaling/*', 'batch/*', 'policy/*'];
const MAPS = '/api/v1/configmaps';

const secret = (value: string) =>
  manifest({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'shop' }, stringData: { value } });

type ListFault = (request: Recorded) => Fault | undefined;

/** Answers each page of the list alike. */
const always =
  (body: object | string): ListFault =>
  () => ({ kind: 'answer', status: 200, body });

interface List {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly items: readonly unknown[];
}

/** Edits each page of the list. */
const edited =
  (edit: (list: List) => unknown): ListFault =>
  () => ({
    kind: 'rewrite',
    answer: (body) => JSON.stringify(edit(JSON.parse(body))),
  });

/** The first page holds half and says that more follows; what follows is the fault. */
const secondPage =
  (fault: Fault): ListFault =>
  ({ query }) =>
    query.has('continue')
      ? fault
      : {
          kind: 'rewrite',
          answer: (body) => {
            const list: List = JSON.parse(body);
            return JSON.stringify({
              ...list,
              metadata: { ...list.metadata, continue: 'more', remainingItemCount: 1 },
              items: list.items.slice(0, 1),
            });
          },
        };

const status = (code: number, reason: string, message: string) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason,
  message,
  code,
});

const PAGED: readonly (readonly [string, ListFault])[] = [
  ['{}', always({})],
  ['null', always('null')],
  ['[]', always('[]')],
  ['a text', always('"ok"')],
  ['nothing at all', always('')],
  ['HTML', always('<html><body>Sign in</body></html>')],
  ['a Status with code 200', always(status(200, '', 'ok'))],
  ['items: null without a resourceVersion', edited((list) => ({ ...list, metadata: {}, items: null }))],
  ['no items', edited(({ items: _items, ...list }) => list)],
  ['items as an object', edited((list) => ({ ...list, items: {} }))],
  ['a null among the items', edited((list) => ({ ...list, items: [...list.items, null] }))],
  ['an item without a name', edited((list) => ({ ...list, items: [...list.items, { metadata: {} }] }))],
  ['no metadata', edited(({ metadata: _metadata, ...list }) => list)],
  ['another kind of list', edited((list) => ({ ...list, kind: 'SecretList' }))],
  ['a continue that is a number', edited((list) => ({ ...list, metadata: { ...list.metadata, continue: 7 } }))],
  [
    'half of the items, more said to remain, and no way to them',
    edited((list) => ({ ...list, metadata: { ...list.metadata, remainingItemCount: 1 }, items: list.items.slice(0, 1) })),
  ],
  ['JSON that ends in the middle', () => ({ kind: 'rewrite', answer: (body) => body.slice(0, body.length / 2) })],
  ['a connection that is cut in the middle, always', () => ({ kind: 'cut', bytes: 50 })],
  ['403', () => ({ kind: 'answer', status: 403, body: status(403, 'Forbidden', 'configmaps is forbidden') })],
  ['500, always', () => ({ kind: 'answer', status: 500, body: status(500, 'InternalError', 'etcd is gone') })],
  ['a second page of {}', secondPage({ kind: 'answer', status: 200, body: {} })],
  ['a second page of 500', secondPage({ kind: 'answer', status: 500 })],
  ['a second page that is cut', secondPage({ kind: 'cut', bytes: 10 })],
  [
    'a continue token that is always too old',
    secondPage({ kind: 'answer', status: 410, body: status(410, 'Expired', 'too old') }),
  ],
  [
    'a second page that leads to itself',
    secondPage({
      kind: 'answer',
      status: 200,
      body: { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '9', continue: 'more' }, items: [] },
    }),
  ],
];

const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

/** What comes instead of the whole list, where it comes as a stream. */
const STREAMED: readonly (readonly [string, Fault])[] = [
  ['{}', { kind: 'answer', status: 200, body: '{}\n' }],
  ['HTML', { kind: 'answer', status: 200, body: '<html></html>\n' }],
  ['nothing', { kind: 'answer', status: 200, body: '' }],
  ['an end before its end', { kind: 'stream', line: (line, n) => (n < 1 ? [`${line}\n`] : ['end']) }],
  ['a line that ends in the middle', { kind: 'stream', line: (line, n) => (n < 1 ? [`${line}\n`] : [line.slice(0, 40), 'end']) }],
  ['a line of another kind', { kind: 'stream', line: (line, n) => (n === 0 ? ['"what?"\n', `${line}\n`] : [`${line}\n`]) }],
  ['an event without an object', { kind: 'stream', line: () => ['{"type":"ADDED"}\n'] }],
  ['an event without a name', { kind: 'stream', line: () => [event('ADDED', { metadata: {} })] }],
  ['an error event', { kind: 'stream', line: () => [event('ERROR', status(500, 'InternalError', 'etcd is gone'))] }],
  ['410 in the stream', { kind: 'stream', line: () => [event('ERROR', status(410, 'Expired', 'too old'))] }],
];

/** What Git held before the daemon was started anew: two maps and a secret are there, and one map left Git meanwhile. */
async function restarted(fault: ListFault): Promise<World> {
  const world = await startWorld({ excludeResources: CORE_ONLY });
  await world.sync([configMap('a'), configMap('b'), secret('old')]);
  const { proxy, clock, time } = world;
  proxy.clear();
  proxy.intercept = (recorded) => (recorded.method === 'GET' && recorded.path === MAPS ? fault(recorded) : undefined);
  const cluster = await createLoneCluster({
    kubeconfigFile: proxy.kubeconfig,
    excludeResources: CORE_ONLY,
    log: silentLogger(),
    clock,
  });
  return {
    ...world,
    cluster,
    async sync(manifests, more) {
      return time.during(cluster.plan(request(manifests, more)).then((plan) => cluster.apply(plan)));
    },
  };
}

async function nothingIsConcluded(world: World): Promise<void> {
  const wanted = [configMap('a', { a: 'changed' }), secret('new')];
  const changes = await world.sync(wanted, { garbageCollection: 'on' });
  expect(outcomes(changes)).toMatchObject({ 'shop:configmap/a': 'held', 'shop:secret/s': 'configured' });
  expect(changes.find(({ id }) => id === 'shop:configmap/a')?.error).toBeDefined();
  expect(world.proxy.requests.some(({ path }) => path === MAPS)).toBe(true);
  expect(world.proxy.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  expect(world.proxy.requests.filter(({ method, path }) => method === 'PATCH' && path.includes('configmaps'))).toEqual([]);

  world.proxy.intercept = undefined;
  // What watches the kind may be in its pause between two tries.
  await world.time.pass(60_000);
  const after = outcomes(await world.sync(wanted, { garbageCollection: 'on' }));
  expect(after).toMatchObject({ 'shop:configmap/a': 'configured', 'shop:configmap/b': 'deleted' });
  expect(await world.person.get(configMapPath('a'))).toMatchObject({ data: { a: 'changed' } });
  world.cluster.close();
}

describe('R-007: of a list that is in doubt nothing is concluded: its kind is held, nothing is deleted, the rest is applied', () => {
  test.for(sampled('faults of lists in pages', PAGED, 6))('in pages: %s', async ([, fault]) => {
    const noStreams: ListFault = (recorded) =>
      recorded.query.has('sendInitialEvents')
        ? { kind: 'answer', status: 400, body: status(400, 'BadRequest', 'unknown parameter sendInitialEvents') }
        : fault(recorded);
    await nothingIsConcluded(await restarted(noStreams));
  });

  // Where the list comes in pages there is no stream to break: then the fault is that of a page.
  test.for(sampled('faults of lists as a stream', STREAMED, 3))('as a stream: %s', async ([, fault]) => {
    const streams: ListFault = ({ query }) => (query.has('sendInitialEvents') ? fault : { kind: 'answer', status: 500 });
    await nothingIsConcluded(await restarted(streams));
  });

  test('a continue token that is too old once: the list is read anew, and is whole', async () => {
    let expired = 0;
    const world = await restarted((recorded) => {
      if (recorded.query.has('sendInitialEvents')) {
        return { kind: 'answer', status: 400, body: status(400, 'BadRequest', 'unknown parameter sendInitialEvents') };
      }
      if (recorded.query.has('continue')) expired += 1;
      return expired > 0 && !recorded.query.has('continue')
        ? undefined
        : secondPage({ kind: 'answer', status: 410, body: status(410, 'Expired', 'too old') })(recorded);
    });
    const changes = await world.sync([configMap('a'), secret('old')], { garbageCollection: 'on' });
    expect(outcomes(changes)).toMatchObject({ 'shop:configmap/a': 'unchanged', 'shop:configmap/b': 'deleted' });
    expect(expired).toBe(1);
  });
});

describe.for(['/api', '/apis'])('R-007: discovery at %s in doubt', (path) => {
  test.for<[string, object | string]>([
    ['{}', {}],
    ['null', 'null'],
    ['HTML', '<html></html>'],
    ['another kind', { kind: 'Status' }],
    ['an aggregated document without items', { kind: 'APIGroupDiscoveryList' }],
    ['an older document without versions', { kind: path === '/api' ? 'APIVersions' : 'APIGroupList' }],
  ])('%s: the sync fails as a whole, and nothing is written', async ([, body]) => {
    const world = await startWorld();
    world.proxy.intercept = (recorded) => (recorded.path === path ? { kind: 'answer', status: 200, body } : undefined);
    await expect(world.sync([configMap('a')], { garbageCollection: 'on' })).rejects.toMatchObject({ code: 'cluster/bad-answer' });
    expect(world.proxy.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});
