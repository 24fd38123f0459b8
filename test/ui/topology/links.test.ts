import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type TopologyNodeWire, topologySchema } from '../../../src/api/wire/index.ts';
import type { Daemon } from '../../../src/controller/index.ts';
import { NONE, parseRoute, pathOf, type TopologyFilter, WHOLE_TOPOLOGY } from '../../../ui/shell/route.ts';
import { createHrefs } from '../../../ui/topology/links.ts';
import { daemonOf, serve } from '../../api/daemon-fixture.ts';

type ObjectEntry = ReturnType<Daemon['objects']>['objects'][number];

const entry = (id: string | undefined, file: string | undefined): ObjectEntry => ({
  ...(id === undefined ? {} : { id }),
  state: 'held',
  since: 0,
  ...(file === undefined ? {} : { place: { file, document: 0, line: 1 } }),
});

async function serveObjects(objects: readonly ObjectEntry[]) {
  const api = await serve(daemonOf({ objects: () => ({ follows: [], objects }) }));
  return {
    async look(filter: TopologyFilter) {
      return topologySchema.parse(JSON.parse((await api.get(`/api/v1${pathOf('/topology', filter)}`)).body));
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

/** The filter into which a link leads, if it leads to the topology. */
function filterOf(href: string | undefined): TopologyFilter | undefined {
  const route = href === undefined ? undefined : parseRoute(href);
  return route?.view === 'topology' ? route.filter : undefined;
}

type Group = Extract<TopologyNodeWire, { readonly type: 'folder' | 'kind' }>;

/** A folder has what is below it, and one that is called as what is in none has that, too. */
function isWithin(one: Group, other: Group): boolean {
  const kindOf = (group: Group) => (group.type === 'kind' ? group.kind : undefined);
  const folderOf = (group: Group) => (group.type === 'kind' ? group.folder : group.name) || NONE;
  return kindOf(one) === kindOf(other) && `${folderOf(one)}/`.startsWith(`${folderOf(other)}/`);
}

function sumOf(groups: readonly Group[]): number {
  return groups.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
}

/** Follows each link of a group, and those of the groups that it shows, some steps deep. */
async function expectNarrowing(objects: readonly ObjectEntry[]): Promise<number> {
  await using served = await serveObjects(objects);
  let followed = 0;
  const visit = async (filter: TopologyFilter, steps: number): Promise<void> => {
    const topology = await served.look(filter);
    const hrefFor = createHrefs(topology, filter, 'graph');
    const groups = topology.nodes.flatMap((node) => (node.type === 'folder' || node.type === 'kind' ? [node] : []));
    for (const node of groups.slice(0, 20)) {
      const into = filterOf(hrefFor(node));
      if (!into) continue;
      followed += 1;
      expect((await served.look(into)).objects).toBe(sumOf(groups.filter((each) => isWithin(each, node))));
      if (steps > 0) await visit(into, steps - 1);
    }
  };
  await visit(WHOLE_TOPOLOGY, 2);
  return followed;
}

describe('a click on a group shows what is in it, and nothing else', () => {
  test('for what is not in Git, and for documents without a name', async () => {
    const objects = [
      entry('shop:deployment/gone', undefined),
      entry('shop:job/gone', undefined),
      ...Array.from({ length: 200 }, (_, index) => entry(undefined, `a/${index}.yaml`)),
      ...Array.from({ length: 200 }, (_, index) => entry(`shop:configmap/c${index}`, `a/${index}.yaml`)),
    ];
    expect(await expectNarrowing(objects)).toBeGreaterThan(0);
    await using served = await serveObjects(objects);
    const topology = await served.look(WHOLE_TOPOLOGY);
    const hrefFor = createHrefs(topology, WHOLE_TOPOLOGY, 'graph');
    const leads = topology.nodes.flatMap((node) => (node.type === 'folder' || node.type === 'kind' ? [hrefFor(node)] : []));
    expect(leads).toEqual([
      '#/topology?folder=%3Cnone%3E',
      '#/topology?folder=%3Cnone%3E&kind=deployment',
      '#/topology?folder=%3Cnone%3E&kind=job',
      '#/topology?folder=a',
      '#/topology?folder=a&kind=%3Cnone%3E',
      '#/topology?folder=a&kind=configmap',
    ]);
  });

  test('in any repository', async () => {
    const name = fc.constantFrom('a', 'b', '.', '<none>');
    const file = fc.option(
      fc.array(name, { maxLength: 3 }).map((path) => [...path, 'x.yaml'].join('/').replaceAll('./', '')),
      { nil: undefined },
    );
    const id = fc.option(fc.constantFrom('n:configmap/', 'n:job/', '<cluster>:namespace/'), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(id, file), { minLength: 1, maxLength: 6 }), fc.boolean(), async (some, isLarge) => {
        const objects = some.flatMap(([kind, place], nth) =>
          Array.from({ length: isLarge ? 301 : 1 }, (_, index) => entry(kind && `${kind}${nth}-${index}`, place)),
        );
        await expectNarrowing(objects);
      }),
      { numRuns: 20 },
    );
  });

  test('and leads on where a folder has more folders than are drawn', async () => {
    const objects = Array.from({ length: 1_200 }, (_, index) =>
      entry(`shop:configmap/c${index}`, `apps/a${index % 400}/b/x.yaml`),
    );
    await using served = await serveObjects(objects);
    const within = await served.look({ ...WHOLE_TOPOLOGY, folder: 'apps' });
    expect(within).toMatchObject({ detail: 'folders', objects: 1_200, omitted: 101 });
    expect(within.nodes).toContainEqual(expect.objectContaining({ type: 'folder', name: 'apps/a7' }));
  });
});

test('what would show the same is not offered', async () => {
  await using served = await serveObjects(
    Array.from({ length: 400 }, (_, index) => entry(`shop:configmap/c${index}`, 'a/x.yaml')),
  );
  const filter = { ...WHOLE_TOPOLOGY, folder: 'a', kind: 'configmap' };
  const topology = await served.look(filter);
  const hrefFor = createHrefs(topology, filter, 'tree');
  expect(topology.nodes.map((node) => [node.type, hrefFor(node)])).toEqual([
    ['source', undefined],
    ['folder', undefined],
    ['kind', undefined],
  ]);
});
