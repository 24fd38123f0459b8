import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { createGates } from '../../src/schedule/index.ts';
import {
  type AutomatedSpec,
  describeDecision,
  type FoundUpdate,
  planAutomation,
  planUpdate,
  type Timing,
} from '../../src/update/index.ts';
import { contextOf, type World, workload } from './world.ts';

const ID = 'shop:deployment/app';

type Registry = World['registry'];
const automated = { 'fluxcd.io/automated': 'true' };
const one = { 'index.docker.io/one/app': { cur: { createdAt: 1000 }, new: { createdAt: 2000 } } };

function world(
  containers: readonly (readonly [string, string])[],
  registry: Registry,
  annotations: Record<string, string> = automated,
  running: World['running'] = [ID],
) {
  const app = workload('Deployment', 'app', { namespace: 'shop', annotations, containers });
  return contextOf({
    files: { 'app.yaml': app.text },
    manifests: { [ID]: { file: 'app.yaml', object: app.object } },
    running,
    registry,
  });
}
const BAD_BANS = 'invalid bans: the text has "a b", which is not a tag, tag@sha256:… or @sha256:…';
const targets = (spec: AutomatedSpec | undefined) => spec?.Changes.map(({ ImageID }) => ImageID) ?? [];

describe('looking for newer images', () => {
  test('finds exactly one change (AUTO-1)', async () => {
    expect(await planAutomation(world([['c1', 'one/app:cur']], one))).toEqual({
      automated: 1,
      spec: { Changes: [{ WorkloadID: ID, Container: { Name: 'c1', Image: 'one/app:cur' }, ImageID: 'one/app:new' }] },
      decisions: [
        {
          workload: ID,
          container: 'c1',
          image: 'one/app:cur',
          pattern: 'glob:*',
          decision: { state: 'update', target: expect.anything() },
        },
      ],
    });
  });

  test('skips an untagged newest image, and needs no times for versions (AUTO-2, AUTO-4)', async () => {
    const registry = {
      ...one,
      'index.docker.io/two/app': { cur: { createdAt: 1000 }, '': { createdAt: 2000 } },
      'index.docker.io/three/app': { '1.0.0': {}, '1.1.0': null },
    };
    const containers = [
      ['c1', 'one/app:cur'],
      ['c2', 'two/app:cur'],
      ['c3', 'three/app:1.0.0'],
    ] as const;
    const { spec, decisions } = await planAutomation(
      world(containers, registry, { ...automated, 'fluxcd.io/tag.c3': 'semver:^1.0' }),
    );
    expect(targets(spec)).toEqual(['one/app:new', 'three/app:1.1.0']);
    expect(decisions.map(({ container, pattern, decision }) => [container, pattern, describeDecision(decision)])).toEqual([
      ['c1', 'glob:*', 'update to one/app:new'],
      ['c2', 'glob:*', 'untagged image in available images'],
      ['c3', 'semver:^1.0', 'update to three/app:1.1.0'],
    ]);
  });

  test.each<[string, string, string, Registry[string], string]>([
    [
      'the newest has no time (AUTO-5)',
      'glob:new',
      'cur',
      { cur: { createdAt: 1 }, new: {} },
      'the creation time of tag new is unknown, so it is unknown whether it is newer',
    ],
    [
      'the current one has no time',
      '*',
      'cur',
      { cur: {}, new: { createdAt: 2 } },
      'the creation time of tag cur is unknown, so it is unknown whether new is newer',
    ],
    [
      'the current one is not known',
      '*',
      'gone',
      { new: { createdAt: 2 } },
      'the creation time of tag gone is unknown, so it is unknown whether new is newer',
    ],
    [
      'some tags were not read (AUTO-7)',
      '*',
      'cur',
      { cur: { createdAt: 1 }, new: null },
      'inconsistent repository metadata: missing metadata for image tag "new"',
    ],
    [
      'the newest that the pattern wants is older',
      'semver:~1',
      '2.0.0',
      { '1.9.0': {}, '2.0.0': {} },
      'newest matching tag 1.9.0 is not newer than 2.0.0',
    ],
    [
      'the newest was made at the same time',
      'glob:b*',
      'cur',
      { cur: { createdAt: 1 }, b: { createdAt: 1 } },
      'newest matching tag b is not newer than cur',
    ],
    ['the pattern is none', 'semver:foo', 'cur', { cur: {}, '1.0.0': {} }, 'invalid tag pattern: "semver:foo"'],
    [
      'the matching tags cannot be read',
      'semver:*',
      'cur',
      { '1.0.0': { error: new FluxError('gone', { code: 'registry/unreadable' }) } },
      'cannot read metadata of any matching tag: tag "1.0.0"',
    ],
    ['it is pinned to a digest alone', '*', '@sha256:aa', { new: { createdAt: 2 } }, 'image is pinned to a digest without a tag'],
  ])('skips a container with the reason when %s', async (_name, pattern, tag, tags, reason) => {
    const image = tag.startsWith('@') ? `one/app${tag}` : `one/app:${tag}`;
    const annotations = { ...automated, 'fluxcd.io/tag.c1': pattern };
    const { spec, decisions } = await planAutomation(world([['c1', image]], { 'index.docker.io/one/app': tags }, annotations));
    expect(spec).toBeUndefined();
    expect(decisions.map(({ decision }) => describeDecision(decision))).toEqual([reason]);
  });

  test('an unreadable tag does not hold back the others', async () => {
    const tags = {
      cur: { createdAt: 1 },
      new: { createdAt: 2 },
      windows: { error: new FluxError('no image for linux/amd64', { code: 'registry/unreadable' }) },
    };
    const { spec } = await planAutomation(world([['c1', 'one/app:cur']], { 'index.docker.io/one/app': tags }));
    expect(targets(spec)).toEqual(['one/app:new']);
  });

  test.each<[string, Record<string, string>]>([
    ['locked (AUTO-10)', { ...automated, 'fluxcd.io/locked': 'true' }],
    ['ignored (AUTO-11)', { ...automated, 'fluxcd.io/ignore': 'true' }],
    ['not automated (AUTO-13)', { 'fluxcd.io/automated': 'false' }],
  ])('leaves a workload alone that is %s', async (_name, annotations) => {
    expect(await planAutomation(world([['c1', 'one/app:cur']], one, annotations))).toEqual({
      automated: 0,
      spec: undefined,
      decisions: [],
    });
  });

  test('leaves a workload alone that does not run, or is ignored in the cluster', async () => {
    const ignored = { id: ID, containers: [], annotations: { 'fluxcd.io/ignore': 'true' } };
    for (const running of [[], [ignored]]) {
      expect((await planAutomation(world([['c1', 'one/app:cur']], one, automated, running))).spec).toBeUndefined();
    }
  });

  test('never finds again what Git has already, however far behind the cluster is (AUTO-17)', async () => {
    const running = [{ id: ID, containers: [{ name: 'c1', image: 'one/app:cur' }], annotations: {} }];
    expect((await planAutomation(world([['c1', 'one/app:new']], one, automated, running))).spec).toBeUndefined();
  });

  test('keeps the form of the name as it is written (AUTO-19)', async () => {
    const { spec } = await planAutomation(world([['c1', 'index.docker.io/one/app:cur']], one));
    expect(targets(spec)).toEqual(['index.docker.io/one/app:new']);
  });

  test('follows a tag that was pushed again when the image is pinned to its digest', async () => {
    const registry = { 'index.docker.io/one/app': { stable: { createdAt: 5, digest: 'sha256:bb' } } };
    const annotations = { ...automated, 'fluxcd.io/tag.c1': 'glob:stable' };
    const { spec } = await planAutomation(world([['c1', 'one/app:stable@sha256:aa']], registry, annotations));
    expect(targets(spec)).toEqual(['one/app:stable@sha256:bb']);
    expect((await planAutomation(world([['c1', 'one/app:stable@sha256:bb']], registry, annotations))).spec).toBeUndefined();
  });
});

describe('carrying out what automation found', () => {
  const spec: AutomatedSpec = {
    Changes: [{ WorkloadID: ID, Container: { Name: 'c1', Image: 'one/app:cur' }, ImageID: 'one/app:new' }],
  };
  const carryOut = (context: ReturnType<typeof world>) =>
    planUpdate({ type: 'auto', cause: { Message: '', User: '' }, spec }, context);

  test('edits the one tag', async () => {
    const { result, edits, message } = await carryOut(world([['c1', 'one/app:cur']], one));
    expect(result).toEqual({
      [ID]: { Status: 'success', PerContainer: [{ Container: 'c1', Current: 'one/app:cur', Target: 'one/app:new' }] },
    });
    expect(edits.map(({ content }) => content.includes('image: one/app:new # keep'))).toEqual([true]);
    expect(message).toBe('Auto-release one/app:new');
  });

  test('a workload that cannot be edited fails alone; the others are updated', async () => {
    const app = workload('Deployment', 'app', { namespace: 'shop', annotations: automated, containers: [['c1', 'one/app:cur']] });
    const odd = workload('Deployment', 'odd', { namespace: 'shop', annotations: automated, containers: [['c1', 'one/app:cur']] });
    const oddId = 'shop:deployment/odd';
    const context = contextOf({
      files: { 'app.yaml': app.text, 'odd.yaml': 'kind: Deployment\nmetadata: {name: odd, namespace: shop}\n' },
      manifests: { [ID]: { file: 'app.yaml', object: app.object }, [oddId]: { file: 'odd.yaml', object: odd.object } },
      running: [ID, oddId],
      registry: one,
    });
    const both = { Changes: [...spec.Changes, ...spec.Changes.map((change) => ({ ...change, WorkloadID: oddId }))] };
    const { result, edits } = await planUpdate({ type: 'auto', cause: { Message: '', User: '' }, spec: both }, context);
    expect(edits.map(({ path }) => path)).toEqual(['app.yaml']);
    expect(result).toMatchObject({
      [ID]: { Status: 'success' },
      [oddId]: { Status: 'failed', Error: expect.stringContaining('odd.yaml') },
    });
  });

  test.each<[string, string, Record<string, string>, string]>([
    ['was locked (AUTO-16)', 'one/app:cur', { ...automated, 'fluxcd.io/locked': 'true' }, 'locked'],
    ['was taken out of automation', 'one/app:cur', {}, 'not automated'],
    ['got another pattern', 'one/app:cur', { ...automated, 'fluxcd.io/tag.c1': 'glob:cur' }, 'image(s) up to date'],
    ['got a ban of the image', 'one/app:cur', { ...automated, 'fluxcd.io/ban.c1': 'new' }, 'tag new is banned'],
    ['got bans that cannot be read', 'one/app:cur', { ...automated, 'fluxcd.io/ban.c1': 'a b' }, BAD_BANS],
    ['has the image already (AUTO-17)', 'one/app:new', automated, 'image(s) up to date'],
    ['was moved on by a person', 'one/app:newer', automated, 'image(s) up to date'],
    ['was given another image', 'other/app:cur', automated, 'image(s) up to date'],
  ])('skips a workload that meanwhile %s', async (_name, image, annotations, reason) => {
    const registry = { 'index.docker.io/one/app': { ...one['index.docker.io/one/app'], newer: { createdAt: 3000 } } };
    const { result, edits } = await carryOut(world([['c1', image]], registry, annotations));
    expect(result[ID]).toEqual({ Status: 'skipped', Error: reason, PerContainer: null });
    expect(edits).toEqual([]);
  });

  const at = Date.parse('2026-12-05T12:00:00Z');
  const suspension = { user: 'Ann', message: '', since: at };
  test.each<[string, Record<string, string>, Partial<Timing>, string]>([
    ['left its window', { 'fluxcd.io/window': '0 9 * * mon / 1h / UTC' }, {}, 'outside of its window'],
    ['entered a freeze', { 'fluxcd.io/freeze': '0 9 * * sat / 8h / UTC' }, {}, 'in a freeze'],
    ['entered a freeze of all', {}, { gates: createGates({ freeze: '0 9 * * sat / 8h / UTC' }) }, 'in a freeze'],
    ['got a window that cannot be read', { 'fluxcd.io/window': 'noon' }, {}, 'invalid window "noon"'],
    ['waits for a revert', {}, { rollouts: { revertHeldUntil: () => at + 1 } }, 'the update failed'],
    ['was suspended', { 'fluxcd.io/suspend': 'true' }, {}, 'automation of the workload is suspended'],
    ['was suspended with all', {}, { suspension }, 'automation is suspended by Ann'],
  ])('skips a workload that meanwhile %s', async (_name, annotations, timing, reason) => {
    const context = world([['c1', 'one/app:cur']], one, { ...automated, ...annotations });
    const { result, edits } = await carryOut({ ...context, timing: { gates: createGates({}), now: at, ...timing } });
    expect(result[ID]).toMatchObject({ Status: 'skipped', Error: expect.stringContaining(reason) });
    expect(edits).toEqual([]);
  });

  test('does not gather again what was gathered', async () => {
    const timing = { gates: createGates({}), now: at, gathering: { ripeAt: () => at + 1 } };
    const { edits } = await carryOut({ ...world([['c1', 'one/app:cur']], one), timing });
    expect(edits).toHaveLength(1);
  });

  test('skips a workload that the repository no longer has', async () => {
    const { result } = await carryOut(contextOf({ files: {}, manifests: {}, running: [], registry: one }));
    expect(result[ID]).toEqual({ Status: 'skipped', Error: 'not found in repository', PerContainer: null });
  });
});

test('an update waits for its window, and the plan says until when', async () => {
  const annotations = { ...automated, 'fluxcd.io/tag.c1': 'semver:*', 'fluxcd.io/window': '0 9 * * mon-fri / 8h / UTC' };
  const given = world([['c1', 'one/app:1.0.0']], { 'index.docker.io/one/app': { '1.0.0': {}, '1.1.0': {} } }, annotations);
  const planAt = (time: string) => planAutomation({ ...given, timing: { gates: createGates({}), now: Date.parse(time) } });
  expect(await planAt('2026-12-05T12:00:00Z')).toMatchObject({
    spec: undefined,
    decisions: [{ container: 'c1', decision: { state: 'waiting', until: Date.parse('2026-12-07T09:00:00Z') } }],
    nextAt: Date.parse('2026-12-07T09:00:00Z'),
  });
  const opened = await planAt('2026-12-07T09:00:00Z');
  expect(opened.spec?.Changes.map(({ ImageID }) => ImageID)).toEqual(['one/app:1.1.0']);
  expect(opened).not.toHaveProperty('nextAt');
});

describe('gathering', () => {
  const registry = {
    'index.docker.io/one/app': { '1.0.0': {}, '1.1.0': { origin: { revision: 'abc' } } },
    'index.docker.io/two/app': { '1.0.0': {}, '1.1.0': null },
  };
  const annotations = { ...automated, 'fluxcd.io/tag.c1': 'semver:*', 'fluxcd.io/tag.c2': 'semver:*' };
  const given = world(
    [
      ['c1', 'one/app:1.0.0'],
      ['c2', 'two/app:1.0.0'],
    ],
    registry,
    annotations,
  );
  const timing = { gates: createGates({}), now: 1000 };

  test('asks what to wait for about all that was found, and says when to look again', async () => {
    const asked: (readonly FoundUpdate[])[] = [];
    const gather = (found: readonly FoundUpdate[]) => {
      asked.push(found);
      return { ripeAt: ({ container }: { readonly container: string }) => (container === 'c1' ? 1000 : 9000) };
    };
    const { spec, decisions, nextAt } = await planAutomation({ ...given, timing, gather });
    expect(asked).toMatchObject([
      [
        { workload: ID, container: 'c1', target: { tag: '1.1.0' }, origin: { revision: 'abc' } },
        { workload: ID, container: 'c2', target: { tag: '1.1.0' }, origin: undefined },
      ],
    ]);
    expect(targets(spec)).toEqual(['one/app:1.1.0']);
    expect(decisions).toMatchObject([
      { container: 'c1', decision: { state: 'update' } },
      { container: 'c2', decision: { state: 'waiting', for: { kind: 'gathering' } } },
    ]);
    expect(nextAt).toBe(9000);
  });

  test('also about what waits for a window', async () => {
    const closed = { ...timing, gates: createGates({ window: '0 9 * * mon / 1h / UTC' }) };
    let found = 0;
    const gather = (updates: readonly FoundUpdate[]) => {
      found = updates.filter(({ scheduled }) => scheduled).length;
      return undefined;
    };
    expect((await planAutomation({ ...given, timing: closed, gather })).spec).toBeUndefined();
    expect(found).toBe(2);
  });

  test('does not hold up a person, who hears of it', async () => {
    const gathering = { ripeAt: () => 9000 };
    const spec = { ServiceSpecs: [ID], ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false };
    const { result } = await planUpdate(
      { type: 'image', cause: { Message: '', User: '' }, spec },
      { ...given, timing: { ...timing, gathering } },
    );
    expect(result[ID]).toMatchObject({
      Status: 'success',
      Error: 'released while updates are gathered; automation goes on at 1970-01-01T00:00:09Z',
    });
  });
});
