import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { Change, HealthState } from '../../../src/change/index.ts';
import { applyInOrder } from '../../../src/cluster/dependency/in-order.ts';
import type { Applied } from '../../../src/cluster/plan/inventory.ts';
import type { ApplyStep, Step } from '../../../src/cluster/plan/step.ts';
import type { Dependent, Problem } from '../../../src/resource/index.ts';

const resource = { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true, verbs: ['patch'] };

/** A Deployment in a folder of plain files. */
function step(name: string, folder = name): ApplyStep {
  const id = `shop:deployment/${name}` as const;
  const place = { file: `${folder}/${name}.yaml`, document: 1, line: 1 };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } };
  const manifest = { place, object, checksum: `checksum of ${name}` };
  return {
    act: 'apply',
    entry: { id, inGit: true, place, action: 'create', reason: 'not in the cluster' },
    target: { manifest, id, key: name, resource, namespace: 'shop', name },
    mark: 'mark',
    live: undefined,
    warnings: [],
  };
}

function dependent(folder: string, after: readonly string[], healthy = false): Dependent {
  return { name: folder, units: [], folder, after: after.map((each) => ({ folder: each, healthy, units: [] })) };
}

function applied(name: string): Applied {
  const memory = { checksum: `checksum of ${name}`, mark: 'mark', replicas: 1, uid: name, resourceVersion: '1' };
  return { ...memory, generation: 1, fingerprint: '' };
}

interface Fate {
  readonly failing?: readonly string[];
  readonly health?: Readonly<Record<string, HealthState>>;
  readonly errors?: readonly Problem[];
  readonly appliedBefore?: readonly string[];
}

/** What is applied, in groups that are applied at once; what waits; and what is reported of it. */
async function run(steps: readonly Step[], dependents: readonly Dependent[], fate: Fate = {}) {
  const { failing = [], health = {}, errors = [], appliedBefore = [] } = fate;
  const changes = new Map<Step, Change>();
  const groups: string[][] = [];
  const waiting = await applyInOrder(steps, {
    desired: { dependents, errors },
    inventory: new Map(appliedBefore.map((name) => [name, applied(name)])),
    changes,
    healthOf: ({ name }) => health[name] ?? 'current',
    async apply(some) {
      if (some.length > 0) groups.push(some.map(({ target }) => target.name));
      for (const each of some) {
        const { id, inGit, place } = each.entry;
        const error = failing.includes(each.target.name) ? new FluxError('no', { code: 'test/no' }) : undefined;
        changes.set(each, error ? { id, inGit, place, outcome: 'failed', error } : { id, inGit, place, outcome: 'created' });
      }
    },
  });
  const held = Object.fromEntries(
    steps.flatMap((each) => {
      const change = changes.get(each);
      return change?.outcome === 'held' ? [[change.id.replace('shop:deployment/', ''), change.reason]] : [];
    }),
  );
  return { groups, held, waiting, changes };
}

const CHAIN = [dependent('app', ['cache']), dependent('cache', ['db'])];
const STEPS = ['app', 'cache', 'db', 'other'].map((name) => step(name));

describe('parts in order', () => {
  test('each part comes after those that it depends on, in one go', async () => {
    expect(await run(STEPS, CHAIN)).toMatchObject({ groups: [['db', 'other'], ['cache'], ['app']], held: {}, waiting: [] });
  });

  test('without dependencies all is applied at once', async () => {
    expect((await run(STEPS, [])).groups).toEqual([['app', 'cache', 'db', 'other']]);
  });

  test('what fails holds what follows, and nothing else', async () => {
    const { groups, held, waiting } = await run(STEPS, CHAIN, { failing: ['db'] });
    expect(groups).toEqual([['db', 'other']]);
    expect(held).toEqual({
      cache: 'waits for db: shop:deployment/db could not be applied',
      app: 'waits for cache: shop:deployment/cache waits for db',
    });
    expect(waiting).toEqual([
      { reason: 'cache waits for db: shop:deployment/db could not be applied' },
      { reason: 'app waits for cache: shop:deployment/cache waits for db' },
    ]);
  });

  test('what could not be read holds what follows', async () => {
    const error = new FluxError('no', { code: 'test/no' });
    const { groups, held } = await run(STEPS, CHAIN, { errors: [{ file: 'db/broken.yaml', error }] });
    expect(groups).toEqual([['db', 'other']]);
    expect(held.cache).toBe('waits for db: some of it could not be read');
    // Elsewhere it does not matter.
    expect((await run(STEPS, CHAIN, { errors: [{ file: 'dbs/broken.yaml', error }] })).held).toEqual({});
  });

  test('what is not healthy holds what has to wait for that, and is reported with what to watch', async () => {
    const steps = [...STEPS, step('replica', 'db')];
    const health = { db: 'inProgress' } as const;
    expect((await run(steps, CHAIN, { health })).held).toEqual({});
    const { groups, held, waiting } = await run(steps, [dependent('app', ['db'], true)], { health });
    expect(groups).toEqual([['cache', 'db', 'other', 'replica']]);
    expect(held).toEqual({ app: 'waits for db: shop:deployment/db is not ready' });
    expect(waiting.map(({ health: wait }) => wait?.targets.map(({ name }) => name))).toEqual([['db', 'replica']]);
  });

  test('a part of which nothing changed since it was applied is not held up', async () => {
    const twice = [...STEPS, step('web', 'app')];
    const fate = { failing: ['db'], appliedBefore: ['app', 'web'] };
    expect((await run(twice, [dependent('app', ['db'])], fate)).groups).toEqual([['app', 'cache', 'db', 'other', 'web']]);
    // One that did change holds all of it.
    const { held } = await run(twice, [dependent('app', ['db'])], { ...fate, appliedBefore: ['app'] });
    expect(Object.keys(held)).toEqual(['app', 'web']);
  });

  test('an object of two parts waits for the dependencies of both', async () => {
    const parts = [dependent('app', ['db']), dependent('app', ['other'])];
    expect((await run(STEPS, parts)).groups).toEqual([['cache', 'db', 'other'], ['app']]);
    expect((await run(STEPS, parts, { failing: ['other'] })).groups).toEqual([['cache', 'db', 'other']]);
  });

  test('an object that is defined in two places fails for both', async () => {
    const [app, , db] = STEPS;
    if (app?.act !== 'apply' || db?.act !== 'apply') throw new Error('no step');
    const error = new FluxError('twice', { code: 'cluster/duplicate' });
    const twin: Step = {
      act: 'none',
      entry: { ...db.entry, action: 'failed', error, reason: undefined },
      target: db.target,
      places: [db.entry.place, { file: 'elsewhere/db.yaml', document: 1, line: 1 }],
    };
    const changes = new Map<Step, Change>([
      [twin, { id: twin.entry.id, inGit: true, place: db.entry.place, outcome: 'failed', error }],
    ]);
    await applyInOrder([app, twin], {
      desired: { dependents: [dependent('app', ['elsewhere'])], errors: [] },
      inventory: new Map(),
      changes,
      healthOf: () => 'current',
      apply: async () => undefined,
    });
    expect(changes.get(app)).toMatchObject({
      outcome: 'held',
      reason: 'waits for elsewhere: shop:deployment/db could not be applied',
    });
  });

  test('parts that wait for each other all wait', async () => {
    const { groups, held } = await run(STEPS, [dependent('app', ['db']), dependent('db', ['app'])]);
    expect(groups).toEqual([['cache', 'other']]);
    expect(Object.keys(held)).toEqual(['app', 'db']);
  });
});

describe('any order', () => {
  /** Each part depends on some of those before it. */
  const graphs = fc
    .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
    .map((all) => all.map((edges, part) => (part === 0 ? [] : [...new Set(edges.map((edge) => edge % part))])));
  const nameOf = (part: number) => `part-${part}`;
  const partsOf = (graph: readonly (readonly number[])[]) =>
    graph.flatMap((after, part) => (after.length === 0 ? [] : dependent(nameOf(part), after.map(nameOf))));
  const stepsOf = (graph: readonly (readonly number[])[]) =>
    graph.flatMap((_, part) => [step(`a-${part}`, nameOf(part)), step(`b-${part}`, nameOf(part))]);

  test('all is applied in the end, once, and nothing before what it depends on', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        const { groups, held } = await run(stepsOf(graph), partsOf(graph));
        expect(held).toEqual({});
        const at = new Map(groups.flatMap((group, index) => group.map((name) => [name, index] as const)));
        expect(groups.flat()).toHaveLength(2 * graph.length);
        expect(at.size).toBe(2 * graph.length);
        for (const [part, after] of graph.entries())
          for (const each of after)
            for (const [mine, theirs] of [['a', 'b'] as const, ['b', 'a'] as const])
              expect(at.get(`${theirs}-${each}`)).toBeLessThan(at.get(`${mine}-${part}`) ?? -1);
      }),
    );
  });

  test('exactly what does not lead to a failure is applied', async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), async (graph, number) => {
        const bad = number % graph.length;
        const { groups, changes } = await run(stepsOf(graph), partsOf(graph), { failing: [`a-${bad}`] });
        const doomed = new Set([bad]);
        for (const [part, after] of graph.entries()) if (after.some((each) => doomed.has(each))) doomed.add(part);
        doomed.delete(bad);
        const expected = graph.flatMap((_, part) => (doomed.has(part) ? [] : [`a-${part}`, `b-${part}`]));
        expect(groups.flat().toSorted()).toEqual(expected.toSorted());
        expect(changes.size).toBe(2 * graph.length);
      }),
    );
  });

  test('whatever becomes healthy when, and across restarts, all is applied in the end, after what it depends on was healthy', async () => {
    const orders = fc.array(fc.nat(), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(graphs, orders, fc.array(fc.boolean(), { maxLength: 12 }), async (graph, order, restarts) => {
        const dependents = partsOf(graph).map((each) => ({
          ...each,
          after: each.after.map((one) => ({ ...one, healthy: true })),
        }));
        const healthy = new Set<string>();
        const live = new Set<string>();
        let inventory = new Map<string, Applied>();
        /** A sync, which finds what is in the cluster; after a restart, by the objects themselves. */
        const sync = async (isRestarted: boolean) => {
          if (isRestarted) inventory = new Map();
          const changes = new Map<Step, Change>();
          const steps = graph.map((_, part): Step => {
            const due = step(nameOf(part), nameOf(part));
            if (!live.has(due.target.name)) return due;
            const { id, inGit, place } = due.entry;
            const idle: Step = { act: 'none', entry: { id, inGit, place, action: 'unchanged' }, target: due.target };
            changes.set(idle, { id, inGit, place, outcome: 'unchanged' });
            return idle;
          });
          return applyInOrder(steps, {
            desired: { dependents, errors: [] },
            inventory,
            changes,
            healthOf: ({ name }) => (healthy.has(name) ? 'current' : 'inProgress'),
            async apply(some) {
              for (const each of some) {
                const { id, inGit, place } = each.entry;
                const needed = graph[Number(each.target.name.replace('part-', ''))] ?? [];
                expect(needed.filter((one) => !healthy.has(nameOf(one)))).toEqual([]);
                live.add(each.target.name);
                inventory.set(each.target.name, applied(each.target.name));
                changes.set(each, { id, inGit, place, outcome: 'created' });
              }
            },
          });
        };
        let waiting = await sync(false);
        // In any order, one after the other becomes healthy of those that run.
        for (let turn = 0; waiting.length > 0; turn += 1) {
          const sick = [...live].filter((name) => !healthy.has(name));
          const next = sick[(order[turn % order.length] ?? 0) % sick.length];
          expect(next).toBeDefined();
          if (next !== undefined) healthy.add(next);
          const before = live.size;
          const isExpected = waiting.some(({ health }) => health?.targets.every(({ name }) => healthy.has(name)));
          waiting = await sync(restarts[turn] ?? false);
          // Exactly then a sync has something to do.
          expect(live.size > before).toBe(isExpected);
        }
        expect(live.size).toBe(graph.length);
      }),
    );
  });
});
