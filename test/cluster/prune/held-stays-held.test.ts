import { afterAll, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import type { PlanRequest } from '../../../src/change/index.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { Manifest } from '../../../src/resource/index.ts';
import { createLoneCluster } from '../../support/lone-cluster.ts';
import { sampled } from '../../support/sampled.ts';
import { status } from '../api-server.ts';
import { configMap, manifest, path, request, startWorld, type World } from '../world.ts';
import { type Random, randomOf } from './gc-rounds/random.ts';

const ON = { garbageCollection: 'on' as const };
const SYNCS = 20;

/** What leaves Git at once, and must not go without a person. */
interface Trigger {
  readonly name: string;
  readonly stays: readonly Manifest[];
  readonly leaves: readonly Manifest[];
}

const maps = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => configMap(`${prefix}-${n}`));
const claim = manifest({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'shop' } });
const TRIGGERS: readonly Trigger[] = [
  { name: 'all objects', stays: [], leaves: maps('left', 4) },
  { name: 'many of them', stays: maps('stays', 3), leaves: maps('left', 12) },
  { name: 'a precious one', stays: maps('stays', 3), leaves: [claim, ...maps('left', 1)] },
];

/** What else may be the matter with the sync that brings the deletion. */
const FIRST: Readonly<Record<string, (world: World, desired: readonly Manifest[]) => Partial<PlanRequest>>> = {
  'nothing else': () => ({}),
  'a dry run': () => ({ garbageCollection: 'dry' }),
  'a file that cannot be read': (_, manifests) => ({ desired: unreadable(manifests) }),
  'a kind that cannot be listed': ({ server }) => {
    server.intercept = ({ path: at }) =>
      at === '/api/v1/secrets' ? { status: 500, body: status(500, 'InternalError', 'no') } : undefined;
    return {};
  },
  'an API that cannot be looked at': ({ server }) => {
    server.stale = ['apps/v1'];
    return {};
  },
};

function unreadable(manifests: readonly Manifest[]): PlanRequest['desired'] {
  return { manifests, errors: [{ file: 'x.yaml', error: new Error('broken') } as never], warnings: [] };
}

const tally = { syncs: 0, restarts: 0 };
afterAll(() => console.log(`held deletions: ${JSON.stringify(tally)}`));

/** The process of the moment, and what Git's record keeps of it. */
class Daemon {
  readonly #world: World;
  #cluster: Cluster;
  #earlier: Partial<PlanRequest> = {};
  #unconfirmed = false;

  constructor(world: World) {
    this.#world = world;
    this.#cluster = world.cluster;
  }

  /** `lost`: what the earlier process did could not be recorded; Git has only what was before it. */
  async restart(lost?: readonly Manifest[]): Promise<void> {
    if (this.#cluster !== this.#world.cluster) this.#cluster.close();
    const { server, clock } = this.#world;
    const options = { kubeconfigFile: server.kubeconfigFile, excludeResources: [], clock, log: silentLogger() };
    this.#cluster = await createLoneCluster(options);
    this.#earlier = lost ? { before: lost } : { unconfirmed: this.#unconfirmed };
    tally.restarts += 1;
  }

  async sync(manifests: readonly Manifest[], more: Partial<PlanRequest> = {}) {
    const plan = await this.#cluster.plan(request(manifests, { ...ON, ...this.#earlier, ...more }));
    this.#unconfirmed = plan.unconfirmed ?? this.#unconfirmed;
    this.#earlier = {};
    tally.syncs += 1;
    return this.#cluster.apply(plan);
  }

  close(): void {
    if (this.#cluster !== this.#world.cluster) this.#cluster.close();
  }
}

/** One sync that has nothing to do with what is held. */
function unrelated(world: World, random: Random, wanted: Manifest[], round: number): Partial<PlanRequest> {
  world.server.intercept = undefined;
  world.server.stale = [];
  world.clock.time += random.below(3_600_000);
  const act = random.below(6);
  if (act <= 1) wanted.push(configMap(`new-${round}`));
  if (act === 2 && wanted.length > 0) wanted.splice(random.below(wanted.length), 1);
  if (act === 3) world.server.stale = ['apps/v1'];
  if (act === 4) return { desired: unreadable(wanted) };
  if (act === 5) {
    world.server.intercept = ({ method, path: at }) =>
      method === 'GET' && at === '/api/v1/configmaps' ? { status: 500, body: status(500, 'InternalError', 'no') } : undefined;
  }
  return {};
}

const cases = TRIGGERS.flatMap((trigger) =>
  Object.entries(FIRST).map(([doubt, first], n) => ({ ...trigger, doubt, first, seed: 7 + n })),
);

test.each(sampled('ways to hold something', cases, 6))(
  '$name, brought by a sync with $doubt: held until a person confirms, whatever else is synced (R-021)',
  async ({ stays, leaves, first, seed }) => {
    const world = await startWorld();
    const { server } = world;
    const random = randomOf(seed);
    const daemon = new Daemon(world);
    try {
      await daemon.sync([...stays, ...leaves]);
      const wanted = [...stays, configMap('first')];
      await daemon.sync([...wanted], first(world, wanted));
      const there = () => leaves.map(({ object }) => object.metadata.name).filter((name) => isThere(world, String(name)));
      for (let round = 0; round < SYNCS; round += 1) {
        const more = unrelated(world, random, wanted, round);
        if (random.chance(0.2)) await daemon.restart();
        await daemon.sync([...wanted], more).catch(() => undefined);
        expect(there(), `in round ${round}`).toHaveLength(leaves.length);
      }
      server.intercept = undefined;
      server.stale = [];
      await daemon.sync([...wanted], { allowPrune: 1000 });
      expect(there()).toEqual([]);
    } finally {
      daemon.close();
    }
  },
);

function isThere({ server }: World, name: string): boolean {
  const claims = `/api/v1/namespaces/shop/persistentvolumeclaims/${name}`;
  return server.get(path.configMap(name)) !== undefined || server.get(claims) !== undefined;
}

test('what is in Git again is judged afresh when it leaves the next time', async () => {
  const { sync } = await startWorld();
  const [a, b] = maps('left', 2);
  if (!a || !b) throw new Error('two were made');
  await sync([a, b], ON);
  expect(await sync([], ON)).toMatchObject({ 'shop:configmap/left-0': 'held' });
  const others = maps('new', 5);
  expect(await sync([...others, a], ON)).toMatchObject({ 'shop:configmap/left-1': 'held' });
  expect(await sync([...others, a, b], ON)).toMatchObject({ 'shop:configmap/left-1': 'unchanged' });
  expect(await sync([...others, a], ON)).toMatchObject({ 'shop:configmap/left-1': 'deleted' });
});

test('those of many that do not come back stay held, though they are few by then', async () => {
  const { sync } = await startWorld();
  const [stays, leaves] = [maps('stays', 3), maps('left', 12)];
  await sync([...stays, ...leaves], ON);
  await sync(stays, ON);
  const outcomes = await sync([...stays, ...leaves.slice(0, 8)], ON);
  expect(Object.values(outcomes).filter((outcome) => outcome === 'held')).toHaveLength(4);
});

test('after a restart whose last sync could not be recorded, what it applied does not count', async () => {
  const world = await startWorld();
  const daemon = new Daemon(world);
  const leaves = maps('left', 4);
  await daemon.sync(leaves);
  await daemon.sync([configMap('first')]);
  await daemon.restart(leaves);
  const changes = await daemon.sync([configMap('first')]);
  expect(changes.filter(({ outcome }) => outcome === 'held')).toHaveLength(4);
  daemon.close();
});
