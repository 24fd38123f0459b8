import { FluxError } from '../../../src/base/index.ts';
import type { Change, Evidence } from '../../../src/change/index.ts';
import type { WhyAnswer, WhyQuestion } from '../../../src/controller/index.ts';
import { type Leadership, leading } from '../../../src/controller/leadership/leadership.ts';
import type { Trouble } from '../../../src/controller/loop/loop.ts';
import { Progress } from '../../../src/controller/loop/progress.ts';
import { ObjectStates } from '../../../src/controller/sync/object-states.ts';
import { createWhy } from '../../../src/controller/why/why.ts';
import { accept } from '../../../src/git/accept.ts';
import type { ImageInfo, ImageRepository, ImageScan } from '../../../src/image/index.ts';
import type { LineChange, SourceState, Unverified } from '../../../src/repository/index.ts';
import {
  type ClusterWorkload,
  containersOf,
  type KubeObject,
  type Manifest,
  type ManifestPlace,
  type Problem,
} from '../../../src/resource/index.ts';
import { createGates, type GateState } from '../../../src/schedule/index.ts';
import type { Timing } from '../../../src/update/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

export const NOW = Date.parse('2026-12-05T12:00:00Z'); // a Saturday
export const HEAD = 'b'.repeat(40);
export const OLD = 'a'.repeat(40);
export const ID = 'shop:deployment/web';
export const FILE = 'deploy/web.yaml';
const IMAGE = 'index.docker.io/acme/web';
const MINUTE = 60_000;

type Tags = Readonly<Record<string, Partial<ImageInfo> | null>>;

/** A world in which all is well, but for what a situation says. */
export interface Given {
  readonly image?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly inCluster?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Further manifests. */
  readonly manifests?: readonly Manifest[];
  /** False: Git does not have the workload. */
  readonly inGit?: boolean;
  /** Where the workload is, instead of in its file. */
  readonly place?: ManifestPlace;
  /** The file that a renderer says it is from. */
  readonly origin?: string;
  /** The unit that rendered it in an earlier sync. */
  readonly unitBefore?: string;
  /** False: the cluster does not have it. */
  readonly runs?: boolean;
  readonly errors?: readonly Problem[];
  readonly tags?: Tags;
  readonly scan?: Partial<ImageScan>;
  /** The flag because of which the registry of its image is not asked. */
  readonly barredBy?: string;
  /** What the last sync did with it, instead of finding it as it should be. */
  readonly change?: Partial<Change>;
  readonly applied?: string;
  readonly state?: SourceState;
  readonly leadership?: Leadership;
  readonly automation?: FluxError;
  readonly unverified?: Unverified;
  readonly unrecorded?: FluxError;
  readonly blame?: readonly LineChange[];
  readonly notes?: ReadonlyMap<string, string>;
  readonly secrets?: readonly string[];
  readonly unreadable?: FluxError;
  /** When new revisions are applied. */
  readonly syncGate?: GateState;
  /** What automation waits for, besides windows. */
  readonly timing?: Partial<Timing>;
  readonly evidence?: Evidence;
  /** Other workloads of the cluster. */
  readonly others?: readonly ClusterWorkload[];
}

const ABSENT: Evidence = { object: { state: 'read', value: undefined }, events: { state: 'read', value: [] } };
const HEALTHY: Evidence = {
  object: { state: 'read', value: { health: 'current', message: '1 of 1 replicas ready', finalizers: [] } },
  events: { state: 'read', value: [] },
};

export function deployment({ image = 'acme/web:1.0.0', annotations = {}, spec = {} }: Given): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'shop',
      annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.web': 'semver:*', ...annotations },
    },
    spec: { template: { spec: { containers: [{ name: 'web', image }], ...spec } } },
  };
}

export function manifestOf(object: KubeObject, file = FILE, line = 1): Manifest {
  return { object, checksum: '', place: { file, line, document: 1 } };
}

function textOf(image: string): string {
  return `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  image: ${image}\n`;
}

/** Answers a question in such a world. */
export async function whyIn(given: Given, question: WhyQuestion = { by: 'id', id: ID }): Promise<WhyAnswer> {
  const { image = 'acme/web:1.0.0', inGit = true, runs = true, errors = [], applied = HEAD, blame = [], secrets = [] } = given;
  const clock = new ManualClock(NOW);
  const manifest = { ...manifestOf(deployment(given)), ...(given.place ? { place: given.place } : {}) };
  const manifests = [...(inGit ? [manifest] : []), ...(given.manifests ?? [])];
  const idOf = ({ object: { kind, metadata } }: Manifest) => `${metadata.namespace}:${kind.toLowerCase()}/${metadata.name}`;
  const all = new Map(
    manifests
      .filter((each) => manifests.filter((other) => idOf(other) === idOf(each)).length === 1)
      .map((each) => [idOf(each), each]),
  );
  const view = { revision: HEAD, state: { manifests, errors, warnings: [] }, manifests: all, workloads: all };
  const repository = repositoryOf(given.tags ?? { '1.0.0': {}, '0.9.0': {} });
  const scan: ImageScan = {
    name: IMAGE,
    tags: repository.tags.length,
    scannedAt: NOW - MINUTE,
    isScanning: false,
    nextAt: NOW + 4 * MINUTE,
    ...given.scan,
  };
  const running: ClusterWorkload = {
    id: ID,
    containers: containersOf(manifest.object),
    status: 'ready',
    rollout: { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] },
    labels: {},
    annotations: given.inCluster ?? {},
  };
  const progress = new Progress();
  const objectStates = new ObjectStates();
  const change = { id: ID, inGit: true, outcome: 'unchanged', place: manifest.place, ...given.change } as Change;
  const outcome = {
    revision: accept(applied),
    startedAt: NOW - 3 * MINUTE,
    finishedAt: NOW - 2 * MINUTE,
    changes: change.outcome === 'unchanged' && !inGit ? [] : [change],
    errors,
    warnings: [],
    newCommits: { state: 'read', commits: [] } as const,
    workloads: new Map(),
  };
  if (given.leadership?.state !== 'following') {
    if (given.unitBefore !== undefined) {
      const place = { unit: given.unitBefore, file: 'envs/.flux.yaml', document: 1, renderer: 'commands' } as const;
      objectStates.synced({ ...outcome, errors: [], changes: [{ id: ID, inGit: true, outcome: 'unchanged', place } as Change] });
    }
    objectStates.synced(outcome);
    progress.done(outcome);
  }
  if (given.unrecorded) progress.unrecorded = { outcome, error: given.unrecorded };
  const automation: Trouble | undefined = given.automation && { error: given.automation, since: NOW - MINUTE };
  const why = createWhy({
    name: 'default',
    source: {
      follows: () => 'main',
      paths: [],
      state: () => given.state ?? { status: 'ready' },
      accepted: () => accept(HEAD),
      unverified: () => given.unverified,
      files: async () => [{ path: FILE, mode: '100644', blob: 'blob', size: 100 }],
      blob: async () => Buffer.from(textOf(image)),
      blame: async () => blame,
      notes: async () => given.notes ?? new Map(),
    },
    desired: { originOf: async () => given.origin },
    cluster: {
      workloads: async ({ ids }) =>
        [...(runs ? [running] : []), ...(given.others ?? [])].filter(({ id }) => ids === undefined || ids.includes(id)),
      inspect: async ({ id }) => (id === ID ? (given.evidence ?? HEALTHY) : ABSENT),
      readCore: async (_kind, namespace, name) =>
        secrets.includes(name) ? { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } } : undefined,
    },
    images: {
      repository: (name) => (name === IMAGE && scan.scannedAt !== undefined ? repository : undefined),
      scans: () => (given.barredBy === undefined ? [scan] : []),
      barredBy: () => given.barredBy,
    },
    timing: () => ({ gates: createGates({}), now: NOW, ...given.timing }),
    progress,
    objectStates,
    loop: { trouble: (step) => (step === 'automate' ? automation : undefined) },
    leadership: () => given.leadership ?? leading(new AbortController().signal),
    currentView: async () => {
      if (given.unreadable) throw given.unreadable;
      return view;
    },
    syncGate: { stateAt: () => given.syncGate ?? { state: 'open' } },
    clock,
  });
  return why.answer(question);
}

function repositoryOf(tags: Tags): ImageRepository {
  const known = Object.entries(tags).flatMap(([tag, info]): (readonly [string, ImageInfo])[] =>
    info === null ? [] : [[tag, { tag, labels: {}, fetchedAt: 0, ...info }]],
  );
  return { tags: Object.keys(tags), images: new Map(known), scannedAt: NOW - MINUTE };
}

/** A failed apply with this error. */
export function failedWith(code: string, message: string, help?: string): Given {
  const error = new FluxError(message, { code, fault: 'user', ...(help === undefined ? {} : { help }) });
  return { change: { outcome: 'failed', error } as Partial<Change> };
}
