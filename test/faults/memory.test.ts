import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { createConfigMapStore } from '../../src/cluster/memory/config-map.ts';
import { createAutomationMemory } from '../../src/controller/memory/automation-memory.ts';
import type { FirstSeen } from '../../src/update/index.ts';
import { transportTo } from '../cluster/transport-to.ts';
import { losesNothing } from './lost-request.ts';
import { startWorld, type World } from './world.ts';

const NAME = 'flux-0123456789ab';
const PATH = `api/v1/namespaces/shop/configmaps/${NAME}`;
const SINCE = Date.parse('2026-12-01T00:00:00Z');
const seenOf = (...tags: string[]): FirstSeen =>
  new Map([['acme/web', new Map(tags.map((tag) => [tag, { digest: `of ${tag}`, since: SINCE }]))]]);
const WHO = { user: 'Ann', message: 'audit', since: SINCE };

/** The memory of a daemon that has just begun to lead. */
async function daemonIn({ proxy, clock }: World) {
  const transport = await transportTo(proxy.kubeconfig, clock);
  onTestFinished(() => transport.close());
  const store = createConfigMapStore({ transport, namespace: async () => 'shop', name: NAME });
  const stopping = new AbortController();
  const memory = createAutomationMemory({ store, clock, log: silentLogger(), stopping: stopping.signal });
  memory.memory.forget();
  return { ...memory, kill: () => stopping.abort(new Error('killed')) };
}

/** What a daemon does in its life: the ConfigMap is created by one write and changed by others. */
async function live(world: World): Promise<void> {
  const { time } = world;
  const { memory, seen, suspension } = await daemonIn(world);
  await time.during(memory.load());
  seen.note(seenOf('1.1.0'));
  seen.note(seenOf('1.1.0', '1.2.0'));
  await time.pass(5_000);
  await time.during(suspension.keep(WHO));
  seen.note(seenOf('1.2.0'));
  await time.pass(130_000);
}

async function remembered(world: World) {
  const { memory, seen, suspension } = await daemonIn(world);
  await world.time.during(memory.load());
  const { data } = await world.person.get(PATH);
  return { keeping: memory.keeping, seen: seen.value, suspension: suspension.value, keys: Object.keys(data).sort() };
}

const LIVED = { keeping: { in: 'cluster' }, seen: seenOf('1.2.0'), suspension: WHO, keys: ['first-seen', 'suspension'] };

losesNothing(
  'a daemon remembers',
  {
    async begin(world) {
      return async () => {
        await live(world);
        return remembered(world);
      };
    },
    outcome: LIVED,
  },
  5,
);

test.for(['drop', 'lose-answer'] as const)('a daemon killed at any request (%s) is continued by the next one', async (kind) => {
  const lifeOf = async (n: number) => {
    const world = await startWorld();
    let requests = 0;
    let dead = false;
    world.proxy.intercept = () => {
      requests += 1;
      if (requests < n || n === 0) return undefined;
      const fault = dead ? ({ kind: 'drop' } as const) : ({ kind } as const);
      dead = true;
      return fault;
    };
    const { memory, seen, suspension, kill } = await daemonIn(world);
    const work = async () => {
      await memory.load();
      seen.note(seenOf('1.1.0'));
      await world.clock.sleep(5_000);
      await suspension.keep(WHO);
      seen.note(seenOf('1.2.0'));
      await world.clock.sleep(5_000);
    };
    const done = work().catch((error: unknown) => {
      if (!dead) throw error;
    });
    await world.time.until('it is done, or dead', () => dead || requests >= 4, 60_000);
    kill();
    world.proxy.intercept = undefined;
    await world.time.during(done);
    const made = requests;
    await live(world);
    return { made, outcome: await remembered(world) };
  };
  const { made, outcome } = await lifeOf(0);
  expect({ made: made >= 4, outcome }).toEqual({ made: true, outcome: LIVED });
  for (let n = 1; n <= made; n += 1) expect((await lifeOf(n)).outcome, `request ${n}`).toEqual(LIVED);
});
