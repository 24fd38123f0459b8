import { beforeEach, describe, expect, test } from 'vitest';
import { beatingCluster, beatingImages, beatingSource } from '../../../src/controller/loop/signs-of-life.ts';
import type { Cluster } from '../../../src/controller/ports/cluster.ts';
import type { ImageWatch } from '../../../src/controller/ports/image-watch.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { accept } from '../../../src/git/accept.ts';

const failure = new Error('no');
const never = () => {
  throw new Error('not of this test');
};

let beats: number;
let answer: () => Promise<never>;
const watchdog = {
  beat: () => {
    beats += 1;
  },
};

beforeEach(() => {
  beats = 0;
});

/** Each call answers as the test says. */
const call = () => answer();
const source: Source = {
  safeUrl: '',
  shownUrl: '',
  follows: () => 'main',
  branch: 'main',
  paths: [],
  state: () => ({ status: 'ready' }),
  accepted: () => accept('a'),
  unverified: () => undefined,
  fetch: call,
  files: call,
  filesAside: call,
  blob: call,
  resolve: call,
  find: call,
  commits: call,
  blame: call,
  acceptedBefore: call,
  access: 'read-write',
  requireWritable: () => undefined,
  markedIn: '',
  keepsRecords: true,
  lineage: call,
  marker: call,
  markerElsewhere: call,
  commit: call,
  arrived: call,
  proposals: call,
  propose: call,
  withdraw: call,
  noteBlobs: call,
  notes: call,
  syncRecord: call,
  syncRecords: call,
  recordSync: call,
  amendRecord: call,
  writers: call,
  tidy: call,
  close: call,
};
const cluster: Cluster = {
  plan: call,
  apply: call,
  recordEvents: () => undefined,
  join: () => undefined,
  diff: call,
  watchHealth: never,
  workloads: call,
  inspect: call,
  ownValues: call,
  pods: call,
  owned: call,
  live: { object: call, pods: call, logs: call },
  defaultNamespace: 'default',
  reviewAccess: call,
  exportObjects: call,
  idOf: () => undefined,
  namesBy: never,
  readCore: call,
  secret: never,
  version: call,
  capabilities: call,
  close: () => undefined,
};
const images: ImageWatch = {
  watch: () => undefined,
  readTag: () => undefined,
  verify: () => undefined,
  verifyNow: call,
  barredBy: () => undefined,
  repository: () => undefined,
  scans: () => [],
  hosts: () => [],
  cacheFailure: () => undefined,
  scanNow: call,
  start: () => undefined,
  stop: call,
};

const commit = { base: accept('a'), edits: [], message: '', jobId: '1', note: '' };
const plan = { entries: [] };
const calls: Readonly<
  Record<string, (on: { readonly source: Source; readonly cluster: Cluster; readonly images: ImageWatch }) => Promise<unknown>>
> = {
  fetch: ({ source }) => source.fetch(),
  files: ({ source }) => source.files('a'),
  blob: ({ source }) => source.blob('a'),
  resolve: ({ source }) => source.resolve('a'),
  commits: ({ source }) => source.commits({ to: 'a' }),
  acceptedBefore: ({ source }) => source.acceptedBefore('a'),
  lineage: ({ source }) => source.lineage('a', 'b'),
  marker: ({ source }) => source.marker(),
  markerElsewhere: ({ source }) => source.markerElsewhere(),
  commit: ({ source }) => source.commit(commit),
  arrived: ({ source }) => source.arrived(commit),
  notes: ({ source }) => source.notes([]),
  syncRecord: ({ source }) => source.syncRecord('a'),
  syncRecords: ({ source }) => source.syncRecords([], 1),
  recordSync: ({ source }) => source.recordSync({ revision: accept('a') }),
  plan: ({ cluster }) =>
    cluster.plan({ desired: { manifests: [], errors: [], warnings: [] }, syncSet: '', garbageCollection: 'off' }),
  apply: ({ cluster }) => cluster.apply(plan),
  workloads: ({ cluster }) => cluster.workloads({}),
  scanNow: ({ images }) => images.scanNow(),
  verifyNow: ({ images }) => images.verifyNow({ image: '', questions: [], pullSecrets: [] }),
};

describe.each(Object.entries(calls))('%s', (_name, makeCall) => {
  const ofLoop = () => ({
    source: beatingSource(source, watchdog),
    cluster: beatingCluster(cluster, watchdog),
    images: beatingImages(images, watchdog),
  });

  test('is a sign of life of the loop when it ends, well or not, and not before', async () => {
    const done = Promise.withResolvers<never>();
    answer = () => done.promise;
    const waiting = makeCall(ofLoop());
    await Promise.resolve();
    expect(beats).toBe(0);
    done.reject(failure);
    await expect(waiting).rejects.toBe(failure);
    expect(beats).toBe(1);
    const value: unknown = { some: 'answer' };
    answer = async () => value as never;
    expect(await makeCall(ofLoop())).toBe(value);
    expect(beats).toBe(2);
  });

  test('is none when others make it', async () => {
    ofLoop();
    answer = () => Promise.reject(failure);
    await expect(makeCall({ source, cluster, images })).rejects.toBe(failure);
    expect(beats).toBe(0);
  });
});

test('what answers at once is no sign of life', () => {
  expect(beatingSource(source, watchdog).accepted()).toBe('a');
  expect(
    beatingCluster(cluster, watchdog).idOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }),
  ).toBeUndefined();
  expect(beatingImages(images, watchdog).scans()).toEqual([]);
  expect(beats).toBe(0);
});
