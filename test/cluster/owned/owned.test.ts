import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ApiRequest } from '../../../src/cluster/connection/transport.ts';
import { createOwned } from '../../../src/cluster/owned/owned.ts';
import { createAllowedNamespaces } from '../../../src/cluster/scope/allowed-namespaces.ts';
import { ManualClock } from '../../support/manual-clock.ts';

type Items = Readonly<Record<string, readonly object[]>>;

const ownedBy = (kind: string, name: string, others: object = {}) => ({
  metadata: {
    name: `${name}-x`,
    uid: `${name}-x-uid`,
    ownerReferences: [
      { kind: 'Node', name: 'n' },
      { kind, name, uid: `${name}-uid`, controller: true },
    ],
  },
  ...others,
});

const ALL: Items = {
  replicasets: [ownedBy('Deployment', 'cart', { spec: { replicas: 2 }, status: { readyReplicas: 1 } })],
  pods: [
    ownedBy('ReplicaSet', 'cart-x', {
      spec: { containers: [{ name: 'cart', image: 'acme/cart:2' }] },
      status: { phase: 'Running' },
    }),
    { metadata: { name: 'alone' } },
    { metadata: { name: 'mirror', ownerReferences: [{ kind: 'Node', name: 'n' }] } },
  ],
  jobs: [ownedBy('CronJob', 'nightly', { status: { active: 1, conditions: [{ type: 'Failed', status: 'True' }] } })],
};

/** An API server that has these objects in pages, and loses the requests that it is told to. */
function server(items: Items, { namespaces = [] as readonly string[], lose = (_: number): boolean => false } = {}) {
  const sent: ApiRequest[] = [];
  const clock = new ManualClock();
  const request = async (asked: ApiRequest) => {
    sent.push(asked);
    if (lose(sent.length - 1)) throw new FluxError('the connection was lost', { code: 'cluster/unreachable' });
    const all = items[asked.path.split('/').at(-1) ?? ''] ?? [];
    const from = Number(asked.query?.continue ?? 0);
    const to = from + Number(asked.query?.limit);
    return {
      status: 200,
      headers: {},
      attempts: 1,
      body: { items: all.slice(from, to), metadata: to < all.length ? { continue: String(to) } : {} },
    };
  };
  const owned = createOwned({ transport: { request }, allowed: createAllowedNamespaces(namespaces), clock, uidsIn });
  return { owned, sent, clock };
}

const uidsIn = (namespace: string) => new Map([[`${namespace}:deployment/cart`, 'cart-uid']]);

const SHOP = { namespace: 'shop', withJobs: true };

describe('what is owned in a namespace', () => {
  test('is what has a controller', async () => {
    const { owned, sent } = server(ALL);
    expect(await owned(SHOP)).toMatchObject({
      isCut: false,
      uids: new Map([['shop:deployment/cart', 'cart-uid']]),
      objects: [
        {
          kind: 'ReplicaSet',
          name: 'cart-x',
          uid: 'cart-x-uid',
          owner: { kind: 'Deployment', name: 'cart', uid: 'cart-uid' },
          wanted: 2,
          ready: 1,
        },
        { kind: 'Pod', name: 'cart-x-x', owner: { kind: 'ReplicaSet', uid: 'cart-x-uid' }, pod: { phase: 'Running' } },
        { kind: 'Job', name: 'nightly-x', owner: { kind: 'CronJob', name: 'nightly' }, active: 1, failed: true },
      ],
    });
    expect(sent.map(({ path }) => path)).toEqual([
      '/apis/apps/v1/namespaces/shop/replicasets',
      '/api/v1/namespaces/shop/pods',
      '/apis/batch/v1/namespaces/shop/jobs',
    ]);
  });

  test('is read without Jobs where no CronJob makes any', async () => {
    const { owned, sent } = server(ALL);
    await owned({ ...SHOP, withJobs: false });
    expect(sent.map(({ path }) => path.split('/').at(-1))).toEqual(['replicasets', 'pods']);
  });

  test('is read in pages, a thousand of a kind at most', async () => {
    const pods = Array.from({ length: 1_001 }, () => ownedBy('StatefulSet', 'db', { spec: {}, status: {} }));
    const { owned, sent } = server({ pods });
    const { objects, isCut } = await owned(SHOP);
    expect([objects.length, isCut]).toEqual([1_000, true]);
    expect(sent.filter(({ path }) => path.endsWith('/pods'))).toHaveLength(10);
  });

  test('is read once for all who look within two seconds', async () => {
    const { owned, sent, clock } = server(ALL);
    await Promise.all([owned(SHOP), owned(SHOP), owned({ ...SHOP, namespace: 'blog' })]);
    expect(sent).toHaveLength(6);
    clock.advance(2_000);
    await owned(SHOP);
    expect(sent).toHaveLength(9);
  });

  test('is nothing in a namespace that is not allowed', async () => {
    const { owned, sent } = server(ALL, { namespaces: ['blog'] });
    expect(await owned(SHOP)).toMatchObject({ objects: [], isCut: false });
    expect(sent).toEqual([]);
  });

  test('is an error within five seconds where no answer comes', async () => {
    const clock = new ManualClock();
    const request = ({ signal }: ApiRequest) =>
      new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const owned = createOwned({ transport: { request }, allowed: createAllowedNamespaces([]), clock, uidsIn });
    const asked = owned(SHOP);
    clock.advance(5_000);
    await expect(asked).rejects.toThrow('the deadline has passed');
  });

  test.each([0, 1, 2])('after request %i was lost is the same when it is asked again', async (lost) => {
    const whole = await server(ALL).owned(SHOP);
    const { owned, clock } = server(ALL, { lose: (index) => index === lost });
    await expect(owned(SHOP)).rejects.toMatchObject({ code: 'cluster/unreachable' });
    clock.advance(2_000);
    expect(await owned(SHOP)).toEqual(whole);
  });
});
