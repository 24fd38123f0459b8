import { describe, expect, test } from 'vitest';
import { CHECKSUM_ANNOTATION, gcMark, MARK_LABEL } from '../../../src/cluster/index.ts';
import {
  type Candidate,
  judgePrunes,
  OBJECT_GUARDS,
  type Owner,
  ROUND_GUARDS,
  type Round,
} from '../../../src/cluster/prune/prune.ts';
import { NOTHING_WANTED, type Wanted } from '../../../src/cluster/prune/wanted.ts';
import { type ApiServer, status } from '../api-server.ts';
import {
  configMap,
  crd,
  deployment,
  manifest,
  namespace,
  path,
  request,
  SYNC_SET,
  startWorld,
  type World,
  widget,
} from '../world.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const OWNER: Owner = {
  syncSet: SYNC_SET,
  manager: 'flux',
  self: { namespace: 'flux', serviceAccount: 'flux', pod: 'flux-7d9f8c6b5d-x2x4z', secrets: new Set() },
  wanted: NOTHING_WANTED,
  others: [],
  owned: new Map(),
  contested: new Map(),
  foreign: new Map(),
  deletes: new Map(),
  now: NOW,
  timeOf: (moment) => moment,
};
const SURE: Round = {
  mode: 'on',
  desiredErrors: 0,
  failedEntries: 0,
  missingApis: [],
  vanishedApis: [],
  failedLists: [],
  unreadSources: [],
  staying: 49,
  limit: undefined,
  ownersOfData: new Map(),
  allowPrune: 0,
  approved: [],
  wasAsked: () => false,
};

function candidate(more: Partial<Candidate['live']> = {}, rest: Partial<Candidate> = {}, kind = 'ConfigMap'): Candidate {
  const id = rest.id ?? `shop:${kind.toLowerCase()}/a`;
  const mark = gcMark(SYNC_SET, id);
  return {
    id,
    resource: { group: '', version: 'v1', kind, plural: 'x', namespaced: true, verbs: ['list', 'delete'] },
    live: {
      name: 'a',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      labels: { [MARK_LABEL]: mark },
      managedFields: [
        { manager: 'flux', operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${MARK_LABEL}`]: {} } } } },
      ],
      ...more,
    },
    ...rest,
  };
}

const verdict = (each: Candidate, round: Partial<Round> = {}) => judgePrunes([each], OWNER, { ...SURE, ...round })[0]?.verdict;
function wants(id: string, at: { readonly namespace?: string; readonly definition?: string } = {}): Wanted {
  return {
    ids: new Set([id]),
    byNamespace: new Map(at.namespace === undefined ? [] : [[at.namespace, id]]),
    byDefinition: new Map(at.definition === undefined ? [] : [[at.definition, id]]),
  };
}

/** An object of the kinds that may be what this process lives by. */
function ours(kind: string, at: { readonly name: string; readonly namespace?: string }, group = ''): Candidate {
  const id = `${at.namespace ?? '<cluster>'}:${kind.toLowerCase()}/${at.name}`;
  const { resource, live } = candidate({ labels: { [MARK_LABEL]: gcMark(SYNC_SET, id) } }, { id }, kind);
  const { namespace: _, ...rest } = live;
  return { id, resource: { ...resource, group }, live: { ...rest, ...at } };
}

const many = (n: number) => Array.from({ length: n }, (_, i) => candidate({}, { id: `shop:configmap/m-${i}` }));

/** Doubts about a whole round; only the last one is a person's to lift. */
const rounds: readonly (readonly [string, Partial<Round>, string])[] = [
  ['part of the repository could not be read', { desiredErrors: 1 }, '1 part of the repository could not be read'],
  ['an object of the repository cannot be applied', { failedEntries: 2 }, '2 objects of the repository cannot be applied'],
  ['kinds are missing from the answer', { vanishedApis: ['apps/v1'] }, 'kinds of apps/v1 are missing'],
  ['an API could not be looked at', { missingApis: ['metrics/v1'] }, 'metrics/v1'],
  ['a list failed', { failedLists: ['/Secret'] }, '/Secret'],
  ['another source could not be read', { unreadSources: ['source b: no route'] }, 'is unknown: source b: no route'],
  ['it is a dry run', { mode: 'dry' }, 'dry run'],
  ['they are all of the set', { staying: 0 }, 'Allow-Prune: 1'],
  [
    'another history took the place of the branch',
    { doubt: 'the branch has another history than before' },
    'the branch has another history than before; to approve, run fluxctl gc approve',
  ],
];

describe('each guard alone keeps an object (R-020, R-023, S-094)', () => {
  test('without any doubt it is pruned', () => {
    expect(verdict(candidate())).toEqual({ action: 'prune', reason: 'no longer in Git' });
  });

  const marked = { [MARK_LABEL]: gcMark(SYNC_SET, 'shop:configmap/a') };
  const flux = (more: object, fields = candidate().live.managedFields?.[0]?.fieldsV1) => [
    { manager: 'flux', operation: 'Apply', ...(fields ? { fieldsV1: fields } : {}), ...more },
  ];
  const objects: readonly (readonly [string, Candidate, string | undefined])[] = [
    ['it is to be ignored', candidate({ annotations: { 'fluxcd.io/ignore': 'true' } }), 'skip'],
    ['it is to be ignored, in the old words', candidate({ annotations: { 'flux.weave.works/ignore': 'true' } }), 'skip'],
    ['it is kept by sync_only', candidate({ annotations: { 'fluxcd.io/ignore': 'sync_only' } }), 'skip'],
    ['it belongs to another object', candidate({ ownerReferences: [{}] }), 'skip'],
    ['it is being deleted', candidate({ deletionTimestamp: '2030-01-01T00:00:00Z' }), 'held'],
    ['it has no uid', candidate({ uid: '' }), 'held'],
    ['it has no resourceVersion', candidate({ resourceVersion: '' }), 'held'],
    ['somebody created it anew', candidate({}, { appliedUid: 'another' }), 'held'],
    ['it carries the mark of Flux v1 only', candidate({ managedFields: [] }), 'held'],
    ['the mark was set by another manager', candidate({ managedFields: flux({ manager: 'kubectl' }) }), 'held'],
    ['the mark was set by an update, not an apply', candidate({ managedFields: flux({ operation: 'Update' }) }), 'held'],
    ['the mark is not among our fields', candidate({ managedFields: flux({}, { 'f:data': {} }) }), 'held'],
    ['our entry is of a subresource', candidate({ managedFields: flux({ subresource: 'status' }) }), 'held'],
    ['it is our own namespace', ours('Namespace', { name: 'flux' }), 'held'],
    ['it is our own service account', ours('ServiceAccount', { name: 'flux', namespace: 'flux' }), 'held'],
    ['it is our own pod', ours('Pod', { name: 'flux-7d9f8c6b5d-x2x4z', namespace: 'flux' }), 'held'],
    ['it runs our own pod', ours('Deployment', { name: 'flux', namespace: 'flux' }, 'apps'), 'held'],
    ['it is a lease beside us', ours('Lease', { name: 'any', namespace: 'flux' }, 'coordination.k8s.io'), 'held'],
    ['it is a memory beside us', ours('ConfigMap', { name: 'flux-0123456789ab', namespace: 'flux' }), 'held'],
    ['it has no mark', candidate({ labels: {} }), undefined],
    ['it carries a copied mark', candidate({ labels: marked }, { id: 'shop:configmap/copy' }), undefined],
    ['it is of another sync set', candidate({ labels: { [MARK_LABEL]: gcMark('other', 'shop:configmap/a') } }), undefined],
    ['controllers write its kind', candidate({}, {}, 'Endpoints'), undefined],
    ['it is an event', candidate({}, {}, 'Event'), undefined],
  ];

  test.for(objects)('%s', ([, each, action]) => {
    expect(verdict(each)?.action).toBe(action);
    expect(verdict(each, { allowPrune: 1000 })?.action).toBe(action);
    // And no other object with it.
    const other = candidate({}, { id: 'shop:configmap/b' });
    expect(judgePrunes([each, other], OWNER, SURE).at(-1)?.verdict.action).toBe('prune');
  });

  const alike: readonly (readonly [string, Candidate])[] = [
    ['another namespace', ours('Namespace', { name: 'flux-2' })],
    ['a namespace of another group', ours('Namespace', { name: 'flux' }, 'example.com')],
    ['a service account of that name elsewhere', ours('ServiceAccount', { name: 'flux', namespace: 'shop' })],
    ['another service account beside us', ours('ServiceAccount', { name: 'web', namespace: 'flux' })],
    ['a lease elsewhere', ours('Lease', { name: 'any', namespace: 'shop' }, 'coordination.k8s.io')],
    ['a memory elsewhere', ours('ConfigMap', { name: 'flux-0123456789ab', namespace: 'shop' })],
    ['another ConfigMap beside us', ours('ConfigMap', { name: 'flux-dashboards', namespace: 'flux' })],
    ['another workload beside us', ours('Deployment', { name: 'flux-7', namespace: 'flux' }, 'apps')],
    ['a workload whose name begins like ours', ours('Deployment', { name: 'f', namespace: 'flux' }, 'apps')],
  ];

  test.for(alike)('%s is not what this Flux lives by (S-093)', ([, each]) => {
    expect(verdict(each, { allowPrune: 1 })?.action).toBe('prune');
  });

  const circumstances: readonly (readonly [string, Candidate, Partial<Owner>, string | undefined])[] = [
    ['another source wants it', candidate(), { others: [wants('shop:configmap/a')] }, 'another source'],
    ['another Flux marked it', candidate(), { contested: new Map([['shop:configmap/a', NOW - 3_599_999]]) }, 'another Flux'],
    [
      'another Flux marked it an hour ago',
      candidate(),
      { contested: new Map([['shop:configmap/a', NOW - 3_600_000]]) },
      undefined,
    ],
    ['it owns an object in Git', candidate(), { owned: new Map([['u', 'shop:pod/p']]) }, 'shop:pod/p is in Git'],
    [
      'a namespace with an object in Git',
      ours('Namespace', { name: 'shop' }),
      { wanted: wants('shop:configmap/b', { namespace: 'shop' }) },
      'shop:configmap/b is in Git and would be deleted with it',
    ],
    [
      'a definition with an object in Git',
      ours('CustomResourceDefinition', { name: 'widgets.example.com' }, 'apiextensions.k8s.io'),
      { others: [wants('shop:widget/w', { definition: 'widgets.example.com' })] },
      'shop:widget/w is in Git and would be deleted with it',
    ],
    ['its deletion was just sent', candidate(), { deletes: new Map([['u', { at: NOW - 59_999 }]]) }, 'is in progress'],
    ['its deletion was sent a minute ago', candidate(), { deletes: new Map([['u', { at: NOW - 60_000 }]]) }, undefined],
    [
      'another Flux marked it while it was not in Git',
      candidate(),
      { foreign: new Map([['shop:configmap/a', NOW - 3_599_999]]) },
      'another Flux',
    ],
    ['another object is contested', candidate(), { contested: new Map([['shop:configmap/b', NOW]]) }, undefined],
    ['another namespace has an object in Git', candidate(), { wanted: wants('x:a/b', { namespace: 'a' }) }, undefined],
  ];

  test.for(circumstances)('%s (R-012, R-025, R-026)', ([, each, more, reason]) => {
    const judged = judgePrunes([each], { ...OWNER, ...more }, { ...SURE, allowPrune: 1000 })[0]?.verdict;
    expect(judged?.action).toBe(reason === undefined ? 'prune' : 'held');
    expect(judged?.reason).toContain(reason ?? 'no longer in Git');
  });

  test.for(rounds)('%s', ([, round, reason]) => {
    const judged = verdict(candidate(), round);
    expect(judged?.action).toBe('held');
    expect(judged?.reason).toContain(reason);
  });

  test('every guard is the only one to hold some case, so that leaving it out would show', () => {
    const cases = [
      ...objects.map(([, each]) => [each, OWNER] as const),
      ...circumstances.map(([, each, more]) => [each, { ...OWNER, ...more }] as const),
    ];
    const alone = cases.flatMap(([each, owner]) => {
      const answering = OBJECT_GUARDS.filter((guard) => guard(each, owner) !== undefined);
      return answering.length === 1 ? answering : [];
    });
    expect(OBJECT_GUARDS.map((guard) => alone.includes(guard))).toEqual(OBJECT_GUARDS.map(() => true));
    const aloneInRound = rounds.flatMap(([, round]) => {
      const answering = ROUND_GUARDS.filter((guard) => guard({ ...SURE, ...round }) !== undefined);
      return answering.length === 1 ? answering : [];
    });
    expect(ROUND_GUARDS.map((guard) => aloneInRound.includes(guard))).toEqual(ROUND_GUARDS.map(() => true));
  });

  test('only what could not be seen is an error, so that the loop soon looks again', () => {
    const seen = rounds.map(([title, round]) => [title, verdict(candidate(), round)?.error?.code]);
    expect(seen.filter(([, code]) => code !== undefined)).toEqual([
      ['kinds are missing from the answer', 'cluster/unseen'],
      ['an API could not be looked at', 'cluster/unseen'],
      ['a list failed', 'cluster/unseen'],
    ]);
  });

  test.for(rounds.slice(0, 6))('no confirmation helps while %s', ([, round]) => {
    expect(verdict(candidate(), { ...round, allowPrune: 1000 })?.action).toBe('held');
  });
});

describe('a deletion too large to be likely waits for a person (R-021)', () => {
  const cases = [
    { deletions: 10, setSize: 11, held: false },
    { deletions: 11, setSize: 55, held: false },
    { deletions: 11, setSize: 54, held: true },
    { deletions: 2, setSize: 2, held: true },
    { deletions: 1, setSize: 2, held: false },
    { deletions: 11, setSize: 54, allowPrune: 10, held: true },
    { deletions: 11, setSize: 54, allowPrune: 11, held: false },
    { deletions: 2, setSize: 2, allowPrune: 2, held: false },
    { deletions: 3, setSize: 3, allowPrune: 2, held: true },
    { deletions: 25, setSize: 1000, limit: 25, held: false },
    { deletions: 26, setSize: 1000, limit: 25, held: true },
    { deletions: 26, setSize: 1000, limit: 25, allowPrune: 26, held: false },
    { deletions: 1, setSize: 1000, limit: 0, held: true },
  ];

  test.for(cases)(
    '$deletions of $setSize, $allowPrune confirmed: held $held',
    ({ deletions, setSize, allowPrune = 0, limit, held }) => {
      const judged = judgePrunes(many(deletions), OWNER, { ...SURE, staying: setSize - deletions, limit, allowPrune });
      expect(new Set(judged.map(({ verdict: { action } }) => action))).toEqual(new Set([held ? 'held' : 'prune']));
      if (held) expect(judged[0]?.verdict.reason).toContain(`Allow-Prune: ${deletions}`);
    },
  );

  describe('an approval by hash', () => {
    const list = many(12).map((each, n) => ({ ...each, live: { ...each.live, uid: `u-${n}` } }));
    const approved = list.map(({ id, live }) => ({ id, uid: live.uid }));
    const actions = (candidates: readonly Candidate[], round: Partial<Round>) => [
      ...new Set(judgePrunes(candidates, OWNER, { ...SURE, staying: 0, ...round }).map(({ verdict: { action } }) => action)),
    ];

    test('the hash names the list whatever its order, and any other list has another', () => {
      const hashOf = (candidates: readonly Candidate[]) => judgePrunes(candidates, OWNER, { ...SURE, staying: 0 })[0]?.verdict;
      const [first] = list;
      expect(hashOf(list)?.approval).toMatch(/^[0-9a-f]{16}$/);
      expect(hashOf(list)?.reason).toContain(`fluxctl gc approve ${hashOf(list)?.approval}`);
      expect(hashOf(list.toReversed())).toEqual(hashOf(list));
      expect(hashOf(list.slice(1))?.approval).not.toBe(hashOf(list)?.approval);
      const anew = first && { ...first, live: { ...first.live, uid: 'anew' } };
      expect(hashOf([...(anew ? [anew] : []), ...list.slice(1)])?.approval).not.toBe(hashOf(list)?.approval);
    });

    test('lifts the budget for that list, and for less of it', () => {
      expect(actions(list, { approved })).toEqual(['prune']);
      expect(actions(list.slice(0, 11), { approved })).toEqual(['prune']);
      expect(actions(list.slice(3), { approved })).toEqual(['prune']);
    });

    test('is worth nothing for one object more, or for one that was created anew', () => {
      expect(actions([...list, candidate({}, { id: 'shop:configmap/one-more' })], { approved })).toEqual(['held']);
      const anew = list.map((each, n) => (n === 5 ? { ...each, live: { ...each.live, uid: 'anew' } } : each));
      expect(actions(anew, { approved })).toEqual(['held']);
    });

    test.for(rounds.slice(0, 6))('lifts no other doubt: %s', ([, round]) => {
      expect(actions(list, { approved, ...round })).toEqual(['held']);
    });
  });

  test.for([['Namespace'], ['CustomResourceDefinition'], ['PersistentVolume'], ['PersistentVolumeClaim'], ['StatefulSet']])(
    'a %s holds the round until it is confirmed',
    ([kind = '']) => {
      const precious = candidate({}, {}, kind);
      const judged = judgePrunes([precious, ...many(2)], OWNER, SURE);
      expect(judged.map(({ verdict: { action } }) => action)).toEqual(['held', 'held', 'held']);
      expect(judged[0]?.verdict.reason).toContain(precious.id);
      const confirmed = judgePrunes([precious, ...many(2)], OWNER, { ...SURE, allowPrune: 3 });
      expect(confirmed.map(({ verdict: { action } }) => action)).toEqual(['prune', 'prune', 'prune']);
    },
  );

  const custom = {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    plural: 'widgets',
    namespaced: true,
    verbs: ['list', 'delete'],
  };
  const own = (more: Partial<Candidate['live']>, resource = custom): Candidate => ({
    ...candidate(more, {}, 'Widget'),
    resource,
  });
  const data = new Map([['u', 'owns shop:persistentvolumeclaim/data']]);
  test.for<[string, Candidate, Partial<Round>, string | undefined]>([
    ['has finalizers', own({ finalizers: ['example.com/keep'] }), {}, 'shop:widget/a, which has finalizers: example.com/keep'],
    ['owns a claim', own({}), { ownersOfData: data }, 'shop:widget/a, which owns shop:persistentvolumeclaim/data'],
    ['owns nothing', own({}), {}, undefined],
    [
      'is of a group of the API server and has finalizers',
      own({ finalizers: ['x'] }, { ...custom, group: 'apps' }),
      {},
      undefined,
    ],
    ['is of another group of it', own({ finalizers: ['x'] }, { ...custom, group: 'networking.k8s.io' }), {}, undefined],
    [
      'is of a group that only ends like one of it',
      own({ finalizers: ['x'] }, { ...custom, group: 'a.k8s.io' }),
      {},
      'finalizers: x',
    ],
  ])('a custom resource that %s', ([, each, round, reason]) => {
    const held = judgePrunes([each], OWNER, { ...SURE, ...round })[0]?.verdict;
    expect(held?.action).toBe(reason === undefined ? 'prune' : 'held');
    expect(held?.reason).toContain(reason ?? 'no longer in Git');
    expect(judgePrunes([each], OWNER, { ...SURE, ...round, allowPrune: 1 })[0]?.verdict.action).toBe('prune');
  });

  test('any object whose copy in the cluster asks for it waits for a person', () => {
    const asks = candidate({ annotations: { 'fluxcd.io/prune': 'confirm' } });
    expect(verdict(asks)).toMatchObject({ action: 'held', reason: expect.stringContaining('fluxcd.io/prune: confirm') });
    expect(verdict(asks, { allowPrune: 1 })?.action).toBe('prune');
    expect(verdict(candidate({ annotations: { 'fluxcd.io/prune': 'true' } }))?.action).toBe('prune');
  });

  test('what is kept for its own reasons neither counts as a deletion nor is confirmed by one', () => {
    const ignored = candidate({ annotations: { 'fluxcd.io/ignore': 'true' } }, {}, 'Namespace');
    const judged = judgePrunes([ignored, candidate()], OWNER, SURE);
    expect(judged.map(({ verdict: { action } }) => action)).toEqual(['skip', 'prune']);
  });
});

describe('garbage collection in the cluster', () => {
  const ON = { garbageCollection: 'on' as const };
  const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => configMap(name));
  const deletesSent = (server: ApiServer) =>
    server.requests.filter(({ method }) => method === 'DELETE').map(({ path: at }) => at);

  async function synced(): Promise<World> {
    const world = await startWorld();
    await world.sync(six, ON);
    world.server.clear();
    return world;
  }

  test('what left Git is deleted, bound to the uid and resourceVersion that were looked at', async () => {
    const { server, sync } = await synced();
    const { uid, resourceVersion } = server.get(path.configMap('a')).metadata;
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'deleted', 'shop:configmap/b': 'unchanged' });
    const sent = server.requests.find(({ method }) => method === 'DELETE');
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy: 'Background',
    });
    expect(server.get(path.configMap('a'))).toBeUndefined();
  });

  test('it is deleted as well when nothing of its kind is left in Git, and by a daemon that has just started', async () => {
    const { server, cluster, clock } = await startWorld();
    await cluster.apply(
      await cluster.plan({
        desired: { manifests: [...six, deployment('web')], errors: [], warnings: [] },
        syncSet: SYNC_SET,
        ...ON,
      }),
    );
    const { createLoneCluster } = await import('../../support/lone-cluster.ts');
    const { silentLogger } = await import('../../../src/base/index.ts');
    const restarted = await createLoneCluster({
      kubeconfigFile: server.kubeconfigFile,
      excludeResources: [],
      clock,
      log: silentLogger(),
    });
    const plan = await restarted.plan(request(six, ON));
    expect(plan.entries.filter(({ action }) => action === 'prune').map(({ id }) => id)).toEqual(['shop:deployment/web']);
    await restarted.apply(plan);
    expect(server.get(path.deployment('web'))).toBeUndefined();
    restarted.close();
  });

  test('off, it is not even looked for; dry, it is only named', async () => {
    const { server, sync } = await synced();
    expect(await sync(six.slice(1))).not.toHaveProperty('shop:configmap/a');
    expect(await sync(six.slice(1), { garbageCollection: 'dry' })).toMatchObject({ 'shop:configmap/a': 'held' });
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('objects of others, copies of our mark and objects of another set stay and are not mentioned', async () => {
    const { server, sync, cluster } = await synced();
    const { labels, annotations, managedFields } = server.get(path.configMap('a')).metadata;
    server.put(path.configMap('copy'), { metadata: { name: 'copy', namespace: 'shop', labels, annotations, managedFields } });
    server.put(path.configMap('theirs'), { metadata: { name: 'theirs', namespace: 'shop' } });
    await cluster.apply(
      await cluster.plan({
        desired: { manifests: [configMap('other-set')], errors: [], warnings: [] },
        syncSet: 'other',
        garbageCollection: 'off',
      }),
    );
    const outcomes = await sync(six, ON);
    expect(Object.keys(outcomes)).toHaveLength(6);
    expect(server.paths()).toEqual(
      expect.arrayContaining([path.configMap('copy'), path.configMap('theirs'), path.configMap('other-set')]),
    );
  });

  test('what others have marked, in Git or not, makes a deletion of all that is ours no smaller (R-021)', async () => {
    const { server, sync } = await startWorld();
    await sync([configMap('a')], ON);
    for (const name of ['wanted', 'theirs-1', 'theirs-2', 'theirs-3', 'theirs-4', 'theirs-5']) {
      const labels = { [MARK_LABEL]: gcMark('other', `shop:configmap/${name}`) };
      server.put(path.configMap(name), { metadata: { name, namespace: 'shop', labels } });
    }
    expect(await sync([configMap('wanted')], ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    // And what we took over meanwhile makes it no smaller either.
    expect(await sync([configMap('wanted')], ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    expect(await sync([configMap('wanted')], { ...ON, allowPrune: 1 })).toMatchObject({ 'shop:configmap/a': 'deleted' });
  });

  test('an object with the mark of Flux v1 alone is adopted while it is in Git, and only then pruned', async () => {
    const { server, sync } = await synced();
    const v1 = (name: string) => ({
      metadata: {
        name,
        namespace: 'shop',
        labels: { [MARK_LABEL]: gcMark(SYNC_SET, `shop:configmap/${name}`) },
        annotations: { [CHECKSUM_ANNOTATION]: 'x' },
      },
    });
    server.put(path.configMap('left'), v1('left'));
    server.put(path.configMap('kept'), v1('kept'));
    expect(await sync([...six, configMap('kept')], ON)).toMatchObject({
      'shop:configmap/left': 'held',
      'shop:configmap/kept': 'configured',
    });
    expect(await sync(six, ON)).toMatchObject({ 'shop:configmap/left': 'held', 'shop:configmap/kept': 'deleted' });
  });

  test('a person’s new object of the same name, mark and manager copied, is not ours (R-023)', async () => {
    const { server, sync } = await synced();
    server.edit(path.configMap('a'), (object) => {
      object.metadata.uid = 'somebody-elses';
    });
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
  });

  const doubts: readonly (readonly [string, (world: World) => Promise<Record<string, string>>])[] = [
    [
      'a file could not be read',
      ({ sync }) => sync(six.slice(1), { ...ON, desired: { manifests: six.slice(1), errors: [brokenFile], warnings: [] } }),
    ],
    ['an object has an unknown kind', ({ sync }) => sync([...six.slice(1), widget('w')], ON)],
    ['an object is defined twice', ({ sync }) => sync([...six.slice(1), six[2] ?? configMap('c')], ON)],
    [
      'the list of a kind in Git failed',
      (world) => {
        const sick = '/apis/apps/v1/deployments';
        world.server.intercept = ({ path: at }) =>
          at === sick ? { status: 403, body: status(403, 'Forbidden', 'no') } : undefined;
        return world.sync([...six.slice(1), deployment('web')], ON);
      },
    ],
    [
      'the list of a kind that Git has nothing of failed',
      (world) => {
        world.server.intercept = ({ path: at }) => (at === '/api/v1/secrets' ? { status: 500, body: 'no' } : undefined);
        return world.sync(six.slice(1), ON);
      },
    ],
    [
      'an aggregated API is down',
      (world) => {
        world.server.stale = ['apps/v1'];
        world.server.kinds.push({ group: 'x.example.com', version: 'v1', kind: 'X', plural: 'xs', namespaced: true });
        return world.sync(six.slice(1), ON);
      },
    ],
    [
      'an object could not be applied in this round',
      (world) => {
        world.server.intercept = ({ method }) =>
          method === 'PATCH' ? { status: 422, body: status(422, 'Invalid', 'no') } : undefined;
        return world.sync([...six.slice(1), configMap('new')], ON);
      },
    ],
    [
      'it changed after it was compared',
      async (world) => {
        const plan = await world.plan(six.slice(1), ON);
        world.server.edit(path.configMap('a'), () => undefined);
        const changes = await world.cluster.apply(plan);
        return Object.fromEntries(changes.map(({ id, outcome }) => [id, outcome]));
      },
    ],
  ];
  const brokenFile = { file: 'x.yaml', error: new Error('broken') } as never;

  test.for(doubts)('zero deletes when %s (R-020)', async ([, round]) => {
    const world = await synced();
    expect(await round(world)).toMatchObject({ 'shop:configmap/a': 'held' });
    expect(world.server.get(path.configMap('a'))).toBeDefined();
    world.server.intercept = undefined;
    world.server.stale = [];
    world.server.clear();
    expect(await world.sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
  });

  test('the plan itself already says that nothing is deleted beside an object that cannot be applied', async () => {
    const { plan } = await synced();
    const { entries } = await plan([...six.slice(1), widget('w')], ON);
    expect(entries.find(({ id }) => id === 'shop:configmap/a')).toMatchObject({
      action: 'held',
      reason: '1 object of the repository cannot be applied',
    });
  });

  test('a kind that held objects of ours and may not be listed any more holds everything (R-010)', async () => {
    const { server, sync } = await synced();
    await sync([...six, deployment('web')], ON);
    server.intercept = ({ path: at }) =>
      at === '/apis/apps/v1/deployments' ? { status: 403, body: status(403, 'Forbidden', 'no') } : undefined;
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
  });

  test('a kind that was taken away from the API is waited for until a second look', async () => {
    const { server, sync, clock } = await startWorld();
    await sync([...six, crd(), widget('w')], ON);
    await sync([...six, crd(), widget('w')], ON);
    server.kinds = server.kinds.filter(({ kind }) => kind !== 'Widget');
    server.remove('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com');
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    clock.time += 10_000;
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
  });

  test('a kind that we may not list at all, and never used, holds up nothing', async () => {
    const { server, sync } = await startWorld();
    server.intercept = ({ path: at }) =>
      at === '/api/v1/secrets' ? { status: 403, body: status(403, 'Forbidden', 'no') } : undefined;
    await sync(six, ON);
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
  });

  test('an aggregated API that is excluded holds up nothing', async () => {
    const { server, sync } = await startWorld();
    server.kinds.push({ group: 'metrics.k8s.io', version: 'v1', kind: 'PodMetrics', plural: 'pods', namespaced: true });
    server.stale = ['metrics.k8s.io/v1'];
    await sync(six, ON);
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
    expect(server.calls.some((call) => call.includes('metrics'))).toBe(false);
  });

  test('deletion goes the other way: webhooks first, custom resources before their definition, everything before its namespace', async () => {
    const { server, sync } = await startWorld();
    const webhook = manifest({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'gate' },
    });
    const set = [namespace('shop'), crd(), widget('w'), deployment('web'), configMap('a'), webhook];
    await sync([...set, configMap('stays', {}, 'default')], ON);
    server.clear();
    const outcomes = await sync([configMap('stays', {}, 'default')], { ...ON, allowPrune: 6 });
    expect(Object.values(outcomes).filter((outcome) => outcome === 'deleted')).toHaveLength(6);
    const order = server.requests.filter(({ method }) => method === 'DELETE').map(({ path: at }) => at.split('/').at(-2));
    expect(order.slice(0, 4)).toEqual(['validatingwebhookconfigurations', 'widgets', 'deployments', 'configmaps']);
    expect(order.slice(4).toSorted()).toEqual(['customresourcedefinitions', 'namespaces']);
  });

  test('an object that is renamed is deleted after the new one is applied', async () => {
    const { server, sync } = await synced();
    expect(await sync([...six.slice(1), configMap('renamed')], ON)).toMatchObject({
      'shop:configmap/renamed': 'created',
      'shop:configmap/a': 'deleted',
    });
    const writes = server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method);
    expect(writes).toEqual(['PATCH', 'DELETE']);
  });

  test('a delete that is denied fails, others are done, and it is tried again after a minute, not at each sync (R-012)', async () => {
    const { server, sync, plan, clock } = await synced();
    const denied = status(403, 'Forbidden', 'admission webhook "keep" denied the request: no');
    server.intercept = ({ method, path: at }) =>
      method === 'DELETE' && at === path.configMap('a') ? { status: 403, body: denied } : undefined;
    expect(await sync(six.slice(2), ON)).toMatchObject({ 'shop:configmap/a': 'failed', 'shop:configmap/b': 'deleted' });
    for (let round = 0; round < 3; round += 1) expect(await sync(six.slice(2), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    expect((await plan(six.slice(2), ON)).entries.at(-1)).toMatchObject({
      action: 'held',
      reason: expect.stringMatching(/^its deletion failed: admission webhook "keep" denied .* before 2030-01-01T00:01:00/),
    });
    expect(deletesSent(server)).toEqual([path.configMap('a'), path.configMap('b')]);
    clock.time += 60_000;
    server.intercept = undefined;
    expect(await sync(six.slice(2), ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
  });

  test('one that waits for its finalizers is shown, and for hours not deleted again; other work goes on (R-026)', async () => {
    const { server, sync, plan, cluster, clock } = await synced();
    server.edit(path.configMap('a'), (object) => {
      object.metadata.finalizers = ['example.com/slow'];
    });
    const changes = await cluster.apply(await plan(six.slice(1), ON));
    expect(changes.at(-1)).toMatchObject({
      outcome: 'deleted',
      reason: 'it is removed when its finalizers are done: example.com/slow',
    });
    for (let hour = 0; hour < 3; hour += 1) {
      expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
      clock.time += 3_600_000;
    }
    expect(await sync(six.slice(2), ON)).toMatchObject({ 'shop:configmap/a': 'held', 'shop:configmap/b': 'deleted' });
    expect(deletesSent(server)).toEqual([path.configMap('a'), path.configMap('b')]);
  });

  test('one that waits for its finalizers counts as deleted, though the first answer was lost and the second try met its change', async () => {
    const { server, plan, cluster } = await synced();
    server.edit(path.configMap('a'), (object) => {
      object.metadata.finalizers = ['example.com/slow'];
    });
    const planned = await plan(six.slice(1), ON);
    server.intercept = ({ method }) => {
      if (method !== 'DELETE') return undefined;
      server.intercept = undefined;
      return 'cut-after';
    };
    expect((await cluster.apply(planned)).at(-1)).toMatchObject({
      outcome: 'deleted',
      reason: 'it is removed when its finalizers are done: example.com/slow',
    });
    expect(deletesSent(server)).toHaveLength(2);
  });

  test('one whose deletion was just answered is not deleted again while it is still to be seen', async () => {
    const { server, sync } = await synced();
    server.intercept = ({ method }) => (method === 'DELETE' ? { status: 200, body: status(200, '', '') } : undefined);
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'deleted' });
    expect(await sync(six.slice(1), ON)).toMatchObject({ 'shop:configmap/a': 'held' });
    expect(deletesSent(server)).toHaveLength(1);
  });

  test('one that is gone already counts as deleted', async () => {
    const { server, plan, cluster } = await synced();
    const planned = await plan(six.slice(1), ON);
    server.remove(path.configMap('a'));
    expect((await cluster.apply(planned)).at(-1)).toMatchObject({ id: 'shop:configmap/a', outcome: 'deleted' });
  });

  test('what is ignored in Git, or refused there, is never a candidate', async () => {
    const { sync } = await synced();
    const ignored = manifest({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'shop', annotations: { 'fluxcd.io/ignore': 'true' } },
    });
    expect(await sync([ignored, ...six.slice(1)], ON)).toMatchObject({ 'shop:configmap/a': 'skipped' });
  });

  test('an object that several groups serve is one object', async () => {
    const { server, sync, plan } = await startWorld();
    const old = { group: 'old.k8s.io', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
    await sync(six, ON);
    server.kinds.push(old);
    server.put('/apis/old.k8s.io/v1/namespaces/shop/configmaps/a', server.get(path.configMap('a')));
    const { entries } = await plan(six.slice(1), ON);
    expect(entries.filter(({ id }) => id === 'shop:configmap/a')).toHaveLength(1);
    await sync(six.slice(1), ON);
    expect(deletesSent(server)).toHaveLength(1);
  });

  test('150 rounds with random faults delete nothing that Git holds', async () => {
    let seed = 20301;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    const names = Array.from({ length: 12 }, (_, n) => `m-${n}`);
    const world = await startWorld();
    let deletes = 0;
    for (let round = 0; round < 150; round += 1) {
      const wanted = names.filter(() => random(10) > 1).map((name) => configMap(name));
      const faulty = random(3) === 0;
      world.server.intercept = (seen) => {
        if (seen.method === 'DELETE') {
          deletes += 1;
          expect(wanted.map(({ object }) => path.configMap(object.metadata.name))).not.toContain(seen.path);
        }
        if (!faulty || random(6) > 0) return undefined;
        const faults = [
          'cut',
          { status: 500, body: 'x' },
          { status: 200, body: {} },
          { status: 403, body: status(403, 'Forbidden', 'x') },
        ] as const;
        return faults[random(faults.length)];
      };
      const plan = await world.plan(wanted, ON).catch(() => undefined);
      if (plan) await world.cluster.apply(plan);
    }
    expect(deletes).toBeGreaterThan(20);
  });
});
