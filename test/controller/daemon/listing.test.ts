import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import { imageDecisions } from '../../../src/controller/daemon/image-decisions.ts';
import { listImages } from '../../../src/controller/daemon/list-images.ts';
import { createWorkloadListing } from '../../../src/controller/daemon/list-workloads.ts';
import { imageTargets } from '../../../src/controller/jobs/image-targets.ts';
import type { ImageRepository } from '../../../src/image/index.ts';
import { NO_MIN_AGE, parseMinAge } from '../../../src/policy/index.ts';
import type { ClusterWorkload, Manifest } from '../../../src/resource/index.ts';
import { createGates } from '../../../src/schedule/index.ts';

const ID = 'shop:deployment/cart';

function manifest(annotations: Record<string, string>, spec: Record<string, unknown> = {}): Manifest {
  const template = { spec: { containers: [{ name: 'cart', image: 'reg.example/acme/cart:1.3' }], ...spec } };
  return {
    place: { file: 'cart.yaml', document: 1, line: 1 },
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'cart', namespace: 'shop', annotations },
      spec: { template },
    },
    checksum: '',
  };
}

const running: ClusterWorkload = {
  id: ID,
  containers: [{ name: 'cart', image: 'reg.example/acme/cart:1.3' }],
  status: 'ready',
  rollout: { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] },
  labels: { app: 'cart' },
  annotations: {},
};

describe('listing workloads', () => {
  const listWorkloads = createWorkloadListing();
  const base = { running: [running], source: { status: 'ready' as const }, access: 'read-write' as const, failures: new Map() };

  test('takes policies from the manifest and status from the cluster', () => {
    const wanted = new Map([[ID, manifest({ 'fluxcd.io/automated': 'true', 'flux.weave.works/locked': 'no' })]]);
    expect(listWorkloads({ ...base, wanted })).toMatchObject([
      { id: ID, readOnly: '', status: 'ready', automated: true, locked: false, policies: { automated: 'true', locked: 'no' } },
    ]);
  });

  test('a workload of a repository that is never written is read-only, another one is not there', () => {
    const other: ClusterWorkload = { ...running, id: 'shop:deployment/other' };
    const wanted = new Map([[ID, manifest({})]]);
    expect(listWorkloads({ ...base, running: [running, other], wanted, access: 'read-only' })).toMatchObject([
      { id: ID, readOnly: 'ReadOnlyMode' },
      { readOnly: 'NotInRepo' },
    ]);
  });

  test('gives the same listing, and the same entries, until something they are made of changes', () => {
    const wanted = new Map([[ID, manifest({})]]);
    const other: ClusterWorkload = { ...running, id: 'shop:deployment/other' };
    const listing = { ...base, running: [running, other], wanted };
    const first = listWorkloads(listing);
    expect(listWorkloads({ ...listing, source: { status: 'ready' } })).toBe(first);

    const automated = listWorkloads({ ...listing, wanted: new Map([[ID, manifest({ 'fluxcd.io/automated': 'true' })]]) });
    expect(automated).toMatchObject([{ id: ID, automated: true }, { automated: false }]);
    expect(automated[1]).toBe(first[1]);

    const error = new FluxError('denied', { code: 'cluster/refused' });
    const failures = new Map([[ID, error]]);
    expect(listWorkloads({ ...listing, failures })[0]?.syncError).toBe('denied');
    expect(listWorkloads(listing)[0]?.syncError).toBe('');

    expect(listWorkloads({ ...listing, source: { status: 'unreachable' } })[1]?.readOnly).toBe('NotReady');
    expect(listWorkloads(listing)[1]?.readOnly).toBe('NotInRepo');

    const updated: ClusterWorkload = { ...running, status: 'updating' };
    const next = listWorkloads({ ...listing, running: [updated, other] });
    expect(next.map(({ status }) => status)).toEqual(['updating', 'ready']);
    expect(next[1]).toBe(listWorkloads(listing)[1]);
  });
});

describe('listing images', () => {
  const info = (tag: string, createdAt: number) => [tag, { tag, createdAt, labels: {}, fetchedAt: 0 }] as const;
  const repository: ImageRepository = {
    tags: ['latest', '1.2', '1.3', '1.4', '2.0'],
    images: new Map([info('1.2', 2), info('1.3', 3), info('1.4', 4), info('2.0', 1), info('latest', 9)]),
    scannedAt: 1,
  };
  const images = { repository: (name: string) => (name === 'reg.example/acme/cart' ? repository : undefined) };
  // A Saturday.
  const timing = { gates: createGates({}), now: Date.parse('2026-12-05T12:00:00Z') };
  const tagsOf = (list: readonly { readonly ref: string }[]) => list.map(({ ref }) => ref.split(':')[1]);

  test('orders and filters by the pattern in the manifest, and counts what is newer', async () => {
    const wanted = new Map([[ID, manifest({ 'fluxcd.io/tag.cart': 'semver:~1' })]]);
    const [container] = (await listImages([running], wanted, { images, timing }))[0]?.containers ?? [];
    expect(tagsOf(container?.available ?? [])).toEqual(['2.0', '1.4', '1.3', '1.2', 'latest']);
    expect(container).toMatchObject({
      name: 'cart',
      current: { ref: 'reg.example/acme/cart:1.3' },
      latestFiltered: { ref: 'reg.example/acme/cart:1.4' },
      availableCount: 5,
      newAvailableCount: 2,
      filteredCount: 3,
      newFilteredCount: 1,
    });
  });

  test.each<[string, Record<string, string>, string | undefined]>([
    ['is banned', { 'fluxcd.io/ban.cart': '1.4' }, 'tag 1.4 is banned'],
    ['cannot be known to be banned', { 'fluxcd.io/ban.cart': '1.4 1.5' }, 'invalid bans: the text has "1.4 1.5"'],
    ['waits', { 'fluxcd.io/window': '0 9 * * mon-fri / 8h / UTC' }, 'automation goes on at 2026-12-07T09:00:00Z'],
    ['is taken', {}, undefined],
    ['is locked out', { 'fluxcd.io/locked': 'true', 'fluxcd.io/ban.cart': '1.4' }, undefined],
  ])('says why automation does not take the newest when it %s', async (_name, annotations, expected) => {
    const inGit = manifest({ 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.cart': 'semver:~1', ...annotations });
    const [container] = (await listImages([running], new Map([[ID, inGit]]), { images, timing }))[0]?.containers ?? [];
    if (expected === undefined) expect(container).not.toHaveProperty('notUpdated');
    else expect(container?.notUpdated).toContain(expected);
    const banned = container?.available.filter((image) => image.banned) ?? [];
    expect(tagsOf(banned)).toEqual(annotations['fluxcd.io/ban.cart'] === '1.4' ? ['1.4'] : []);
  });

  const AUTOMATED = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.cart': 'semver:~1' };

  test.each([
    ['is committed next', AUTOMATED, { state: 'update', code: 'newer', automated: true, newest: '1.4' }],
    [
      'waits',
      { ...AUTOMATED, 'fluxcd.io/window': '0 9 * * mon-fri / 8h / UTC' },
      { state: 'waiting', code: 'window', newest: '1.4' },
    ],
    ['is suspended', { ...AUTOMATED, 'fluxcd.io/suspend': 'true' }, { state: 'held', code: 'suspended', newest: '1.4' }],
    [
      'is not automated',
      { 'fluxcd.io/tag.cart': 'semver:~1' },
      { state: 'held', code: 'not-automated', automated: false, newest: '1.4' },
    ],
    [
      'is the newest',
      { ...AUTOMATED, 'fluxcd.io/tag.cart': 'semver:~1.3.0' },
      { state: 'current', code: 'newest', pattern: 'semver:~1.3.0' },
    ],
    [
      'is banned',
      { ...AUTOMATED, 'fluxcd.io/ban.cart': '1.4' },
      { state: 'held', code: 'banned', text: expect.stringContaining('1.4 is banned') },
    ],
  ])('decides about each container in Git: an image that %s', async (_, annotations, expected) => {
    const [container, ...others] = await imageDecisions(new Map([[ID, manifest(annotations)]]), { images, timing });
    expect([container?.id, container?.container, others]).toEqual([ID, 'cart', []]);
    const decision = container?.decide();
    expect(decision).toMatchObject({ image: 'reg.example/acme/cart:1.3', ...expected });
    if (!('newest' in expected)) expect(decision).not.toHaveProperty('newest');
  });

  test('orders by time without a pattern', async () => {
    const [container] = (await listImages([running], new Map(), { images, timing }))[0]?.containers ?? [];
    expect(tagsOf(container?.available ?? [])).toEqual(['latest', '1.4', '1.3', '1.2', '2.0']);
  });

  test('an unknown repository and a malformed reference are shown as unknown', async () => {
    const containers = [
      { name: 'a', image: 'other/image:1' },
      { name: 'b', image: ':::' },
    ];
    for (const container of (await listImages([{ ...running, containers }], new Map(), { images, timing }))[0]?.containers ??
      []) {
      expect(container).toMatchObject({ current: { ref: '' }, available: [], availableCount: 0 });
    }
  });
});

describe('what is watched in registries', () => {
  test('each repository once, with the pull secrets of each workload in its own namespace', () => {
    const other = { ...manifest({}), object: { ...manifest({}, { serviceAccountName: 'robot' }).object } };
    const targets = imageTargets(
      new Map([
        [ID, manifest({}, { imagePullSecrets: [{ name: 'pull' }, 'junk'] })],
        ['ops:deployment/cart', other],
      ]),
      NO_MIN_AGE,
    );
    expect(targets).toEqual([
      {
        name: 'reg.example/acme/cart',
        inUse: ['1.3'],
        pullSecrets: [
          { namespace: 'shop', secrets: ['pull'], serviceAccount: 'default' },
          { namespace: 'ops', secrets: [], serviceAccount: 'robot' },
        ],
      },
    ]);
  });

  test('times are needed only of tags that a time-ordered pattern wants which somebody asked for', () => {
    const times = (annotations: Record<string, string>) =>
      imageTargets(new Map([[ID, manifest(annotations)]]), NO_MIN_AGE)[0]?.needsTimes;
    expect(times({})).toBeUndefined();
    expect(times({ 'fluxcd.io/tag.cart': 'glob:1.*' })).toBeDefined();
    expect(times({ 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.cart': 'semver:1' })).toBeUndefined();
    // The digests of all that match must be known to tell which ones are banned.
    const banned = times({ 'fluxcd.io/tag.cart': 'semver:1', 'fluxcd.io/ban.cart': `@sha256:${'b'.repeat(64)}` });
    expect([banned?.('1.4'), banned?.('2.0')]).toEqual([true, false]);
    const needs = times({ 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.cart': 'glob:1.*' });
    expect([needs?.('1.4'), needs?.('2.0')]).toEqual([true, false]);
  });

  test('a minimum age needs the digests of the tags that automation may take', () => {
    const times = (annotations: Record<string, string>, flag = '0s') =>
      imageTargets(new Map([[ID, manifest({ 'fluxcd.io/automated': 'true', ...annotations })]]), parseMinAge(flag))[0]
        ?.needsTimes;
    const aged = times({ 'fluxcd.io/tag.cart': 'semver:1', 'fluxcd.io/min-age.cart': '72h' });
    // It has 1.3; the order by version shows what is newer.
    expect(['1.4', '1.2', '2.0'].map((tag) => aged?.(tag))).toEqual([true, false, false]);
    expect(times({ 'fluxcd.io/tag.cart': 'semver:1' }, '3d')?.('1.4')).toBe(true);
    expect(times({ 'fluxcd.io/tag.cart': 'semver:1', 'fluxcd.io/min-age': '0s' }, '3d')).toBeUndefined();
    expect(times({ 'fluxcd.io/tag.cart': 'semver:1', 'fluxcd.io/automated': 'false' }, '3d')).toBeUndefined();
  });

  test('a malformed image reference is not watched and stops nothing', () => {
    expect(
      imageTargets(
        new Map([
          [
            ID,
            manifest(
              {},
              {
                containers: [
                  { name: 'x', image: '::' },
                  { name: 'y', image: 'a/b:1' },
                ],
              },
            ),
          ],
        ]),
        NO_MIN_AGE,
      ).map(({ name }) => name),
    ).toEqual(['index.docker.io/a/b']);
  });
});
