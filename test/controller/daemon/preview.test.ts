import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ObjectDiff, PlanRequest } from '../../../src/change/index.ts';
import { createPreview, type PreviewOptions } from '../../../src/controller/daemon/preview.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { Desired } from '../../../src/controller/ports/desired.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createRepositoryReader } from '../../../src/controller/repository/view.ts';
import { Approvals } from '../../../src/controller/sync/approvals.ts';
import { accept } from '../../../src/git/accept.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import type { TreeFile } from '../../../src/repository/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partOf } from '../../support/part-of.ts';

/** Ids mean the same all the time. */
const NAMES = {};

const HEAD = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

const yaml = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;

/** A repository of two revisions of one file, and a cluster that answers what a test says. */
interface Parts {
  readonly diff?: Cluster['diff'];
  readonly ready?: boolean;
  readonly allowPrune?: string;
  readonly runsCommands?: boolean;
  readonly acceptedBefore?: string;
}

function worldOf(parts: Parts = {}) {
  const planned: PlanRequest[] = [];
  const blobs: string[] = [];
  const source = partOf<Source>({
    accepted: () => accept(HEAD),
    acceptedBefore: async (revision: string) => (revision === parts.acceptedBefore ? accept(revision) : undefined),
    lineage: async () => 'continues',
    marker: async () => OTHER,
    markerElsewhere: async () => undefined,
    syncRecord: async () => undefined,
    syncRecords: async () => [],
    resolve: async (ref: string) => ({ HEAD, main: HEAD, [HEAD]: HEAD, other: OTHER, [OTHER]: OTHER })[ref],
    find: async (ref: string) => ({ HEAD, main: HEAD, [HEAD]: HEAD, other: OTHER, [OTHER]: OTHER })[ref],
    files: async (revision: string): Promise<TreeFile[]> => [{ path: 'a.yaml', mode: '100644', blob: revision, size: 9 }],
    blob: async (id: string) => {
      blobs.push(id);
      return Buffer.from(yaml(id === HEAD ? 'head' : 'other'));
    },
    commits: async ({ to }: { to: string }) =>
      to === HEAD && parts.allowPrune
        ? [
            {
              revision: HEAD,
              subject: '',
              author: { name: '', email: '' },
              committedAt: 0,
              ours: false,
              trailers: [{ name: 'allow-prune', value: parts.allowPrune }],
            },
          ]
        : [],
  });
  const cluster = partOf<Cluster>({
    plan: async (request: PlanRequest) => {
      planned.push(request);
      return { entries: [] };
    },
    diff: parts.diff ?? (async () => []),
    idOf: () => undefined,
    namesBy: () => NAMES,
  });
  const manifests = createManifests();
  const reads: (boolean | undefined)[] = [];
  const desired: Desired = {
    runsCommands: parts.runsCommands ?? false,
    read(files, blob, options) {
      reads.push(options?.keep);
      return manifests.read(files, blob, options);
    },
  };
  const clock = new ManualClock();
  const reader = createRepositoryReader(source, desired, cluster);
  const options: PreviewOptions = {
    source,
    reader,
    desired,
    cluster,
    syncSet: 'set',
    garbageCollection: 'dry',
    deletionLimit: 25,
    approvals: new Approvals(),
    progress: { applied: undefined, units: {} },
    timeoutMs: 1000,
    clock,
  };
  const names = () => planned.map(({ desired: { manifests } }) => manifests.map(({ object }) => object.metadata.name));
  return { preview: createPreview(options), planned, blobs, names, reads, reader, clock };
}

describe('what is compared', () => {
  test('the head of the branch, planned as a sync plans it, but only to be looked at', async () => {
    const { preview, planned, names } = worldOf({ allowPrune: '7' });
    expect((await preview({})).revision).toBe(HEAD);
    expect(names()).toEqual([['head']]);
    expect(planned[0]).toMatchObject({
      syncSet: 'set',
      garbageCollection: 'dry',
      allowPrune: 7,
      approved: [],
      approvedOrphans: [],
      preview: true,
    });
  });

  test('another revision, which does not displace the one that the loop reads', async () => {
    const { preview, names, reader, blobs } = worldOf();
    await reader.read(HEAD);
    expect((await preview({ revision: 'other' })).revision).toBe(OTHER);
    expect(names()).toEqual([['other']]);
    blobs.length = 0;
    await reader.read(HEAD);
    expect(blobs).toEqual([]);
  });

  test('files of a client in place of the repository, with what is wrong with them', async () => {
    const { preview, names, planned } = worldOf({ allowPrune: '7' });
    const files = [
      { path: 'x/one.yaml', content: yaml('one') },
      { path: 'copy.yaml', content: yaml('one') },
      { path: 'bad.yaml', content: 'kind: [' },
      { path: 'notes.txt', content: 'no manifest' },
    ];
    const report = await preview({ files });
    expect(names()).toEqual([['one', 'one']]);
    expect(planned[0]?.desired.manifests.map(({ place }) => place.file)).toEqual(['x/one.yaml', 'copy.yaml']);
    expect(planned[0]).not.toHaveProperty('allowPrune');
    expect(report).not.toHaveProperty('revision');
    expect(report.errors).toMatchObject([{ file: 'bad.yaml' }]);
  });

  test('nothing of what only a diff reads is kept in memory', async () => {
    const { preview, reads } = worldOf();
    for (const request of [{ files: [{ path: 'a.yaml', content: yaml('one') }] }, { revision: 'other' }]) await preview(request);
    expect(reads).toEqual([false, false]);
  });

  test('where commands are run, no revision that is not in the history of the synced branch', async () => {
    const foreign = worldOf({ runsCommands: true });
    await expect(foreign.preview({ revision: 'other' })).rejects.toMatchObject({
      code: 'repository/not-accepted',
      fault: 'user',
    });
    expect(foreign.reads).toEqual([]);
    const known = worldOf({ runsCommands: true, acceptedBefore: OTHER });
    expect((await known.preview({ revision: 'other' })).revision).toBe(OTHER);
  });

  test('nothing that the repository does not have', async () => {
    const { preview, planned } = worldOf();
    await expect(preview({ revision: 'nope' })).rejects.toMatchObject({ code: 'git/bad-revision', fault: 'user' });
    expect(planned).toEqual([]);
  });
});

test('a report lists everything but unchanged objects, and counts them all', async () => {
  const odd = new FluxError('status is left out', { code: 'cluster/odd' });
  const place = { file: 'c.yaml', document: 1, line: 3 };
  const diffs: ObjectDiff[] = [
    { id: 'a:configmap/a', inGit: true, place, action: 'unchanged' },
    {
      id: 'a:configmap/b',
      inGit: true,
      place,
      action: 'change',
      reason: 'changed in Git',
      fields: [{ path: 'data.a', from: '1', to: '2' }],
    },
    { id: 'a:configmap/c', inGit: true, place, action: 'unchanged', warnings: [odd] },
  ];
  const { preview } = worldOf({ diff: async () => diffs });
  expect(await preview({})).toMatchObject({
    counts: { unchanged: 2, change: 1 },
    entries: [diffs[1]],
    warnings: [{ file: 'c.yaml', line: 3, id: 'a:configmap/c', error: odd }],
  });
});

test('one is made at a time; the next one may come when it is done, however it ended', async () => {
  const first = Promise.withResolvers<readonly ObjectDiff[]>();
  const { preview } = worldOf({ diff: () => first.promise });
  const running = preview({});
  await expect(preview({})).rejects.toMatchObject({ code: 'preview/busy', fault: 'user' });
  first.reject(new Error('cluster gone'));
  await expect(running).rejects.toThrow('cluster gone');
  await expect(preview({})).rejects.toThrow('cluster gone');
});

test('one that takes too long ends and says which limit it met', async () => {
  const asked = Promise.withResolvers<void>();
  const diff: Cluster['diff'] = (_, { signal } = {}) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      asked.resolve();
    });
  const { preview, clock } = worldOf({ diff });
  const running = preview({});
  await asked.promise;
  clock.advance(1000);
  await expect(running).rejects.toMatchObject({ code: 'preview/timeout', help: expect.stringMatching(/--sync-timeout/) });
});

test('one whose client went away ends with that', async () => {
  const leave = new AbortController();
  const diff: Cluster['diff'] = async (_, { signal } = {}) => {
    leave.abort(new Error('client gone'));
    throw signal?.reason;
  };
  const { preview } = worldOf({ diff });
  await expect(preview({}, { signal: leave.signal })).rejects.toThrow('client gone');
});
