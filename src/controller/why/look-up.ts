import { type Clock, type Reading, readWithin } from '../../base/index.ts';
import type { Evidence } from '../../change/index.ts';
import { parseJobNote } from '../../record/index.ts';
import type { LineChange, Revision } from '../../repository/index.ts';
import {
  type ClusterWorkload,
  isRendered,
  type Manifest,
  parseResourceId,
  pullSecretsOf,
  type ResourceId,
} from '../../resource/index.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Desired } from '../ports/desired.ts';
import type { Source } from '../ports/source.ts';
import { blameObject, type ObjectBlame } from '../repository/blame-object.ts';
import { revertReason } from '../rollout/revert-reason.ts';
import type { Changed, Facts } from './facts.ts';

export interface LookUpDeps {
  readonly source: Pick<Source, 'files' | 'blob' | 'blame' | 'notes'>;
  readonly cluster: Pick<Cluster, 'readCore' | 'inspect' | 'workloads'>;
  readonly desired: Pick<Desired, 'originOf'>;
  readonly clock: Clock;
}

const MAX_SECRETS = 5;

/** Adds what has to be read. A reading that fails is part of the facts. */
export async function lookUp(facts: Facts, deps: LookUpDeps, signal: AbortSignal | undefined): Promise<Facts> {
  const [changes, missing, evidence, manifest] = await Promise.all([
    changesOf(facts, deps, signal),
    missingSecrets(facts, deps, signal),
    evidenceOf(facts, deps, signal),
    withOrigin(facts, deps, signal),
  ]);
  return {
    ...facts,
    ...(manifest ? { manifest } : {}),
    ...(evidence ? { evidence, controllers: await controllersOf(facts.id ?? '', evidence, deps, signal) } : {}),
    ...(changes.object ? { changed: changes.object } : {}),
    containers: facts.containers.map((container) => {
      const changed = changes.images.get(container.name);
      const reverted = changed?.state === 'read' ? revertReason(changed.value.job, facts.id ?? '') : undefined;
      return {
        ...container,
        missingSecrets: missing,
        ...(reverted === undefined ? {} : { reverted }),
        ...(changed ? { changed } : {}),
      };
    }),
  };
}

/** The manifest with the file that it comes from, if a renderer knows. A failure shows nothing: the unit is named anyway. */
async function withOrigin(
  { manifest, source: { head } }: Facts,
  { source, desired, clock }: LookUpDeps,
  signal: AbortSignal | undefined,
): Promise<Manifest | undefined> {
  if (!manifest || !isRendered(manifest.place) || head === undefined || !desired.originOf) return manifest;
  const { originOf } = desired;
  const found = await readWithin(clock, signal, async (each) => {
    const options = { signal: each };
    return originOf(manifest, await source.files(head, options), (id) => source.blob(id, options), options);
  });
  if (found.state === 'unread' || found.value === undefined) return manifest;
  return { ...manifest, place: { ...manifest.place, origin: { file: found.value } } };
}

interface Changes {
  /** The newest change of the object's lines. */
  readonly object?: Reading<Changed>;
  /** The last change of each image, by container. */
  readonly images: ReadonlyMap<string, Reading<Changed>>;
}

/** Who changed the object and its images last, by one blame of its lines. */
async function changesOf(facts: Facts, deps: LookUpDeps, signal: AbortSignal | undefined): Promise<Changes> {
  const { manifest, source } = facts;
  const revision = source.head;
  if (!manifest || revision === undefined) return { images: new Map() };
  const found = await readWithin(deps.clock, signal, async (each) => {
    const blame = await blameObject(manifest, revision, deps.source, { signal: each });
    return blame && whoChanged(blame, await notesOf(blame.changes, deps));
  });
  if (found.state === 'unread') return { object: found, images: new Map() };
  return found.value ?? { images: new Map() };
}

function whoChanged({ changes, images }: ObjectBlame, notes: ReadonlyMap<Revision, string>): Changes {
  const read = (change: LineChange): Reading<Changed> => {
    const job = parseJobNote(notes.get(change.revision) ?? '');
    return { state: 'read', value: { ...change, ...(job ? { job } : {}) } };
  };
  const [last] = changes.toSorted((a, b) => b.at - a.at);
  return {
    ...(last ? { object: read(last) } : {}),
    images: new Map([...images].map(([name, change]) => [name, read(change)])),
  };
}

/** Number of commits whose notes are read: those that changed the object last. */
const MAX_NOTES = 20;

async function notesOf(changes: readonly LineChange[], { source }: LookUpDeps): Promise<ReadonlyMap<Revision, string>> {
  const newest = changes.toSorted((a, b) => b.at - a.at).map(({ revision }) => revision);
  return source.notes([...new Set(newest)].slice(0, MAX_NOTES));
}

/** The pull secrets of a workload that cannot be found, if its registry refuses us. */
async function missingSecrets(facts: Facts, deps: LookUpDeps, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const { id, manifest, containers } = facts;
  if (id === undefined || !manifest || containers.every(({ scan }) => scan?.error === undefined)) return [];
  const { namespace } = parseResourceId(id);
  const names = pullSecretsOf(id, manifest.object)
    .flatMap(({ secrets }) => secrets)
    .slice(0, MAX_SECRETS);
  const found = await Promise.all(
    names.map((name) =>
      readWithin(deps.clock, signal, (each) => deps.cluster.readCore('Secret', namespace, name, { signal: each })),
    ),
  );
  return names.filter((_, index) => found[index]?.state === 'read' && found[index].value === undefined);
}

function evidenceOf(facts: Facts, { cluster }: LookUpDeps, signal: AbortSignal | undefined): Promise<Evidence> | undefined {
  const { id, manifest, object } = facts;
  if (id === undefined) return undefined;
  const request = { id, ...(manifest ? { object: manifest.object } : {}), scaled: object?.state === 'waiting' };
  return cluster.inspect(request, signal ? { signal } : {});
}

/** Finalizers that Kubernetes itself removes. */
const BUILT_IN = /^(?:kubernetes|orphan|foregroundDeletion|kubernetes\.io\/.*|.*\.k8s\.io\/.*)$/;
/** Names that say nothing: those of frameworks for controllers. */
const GENERIC: readonly string[] = ['manager', 'controller', 'operator', 'main', 'kubectl'];
const MAX_CONTROLLERS = 3;

/** The workloads that look like those that should remove the finalizers: by the field manager, else by the name of the finalizer. */
async function controllersOf(
  id: ResourceId,
  { object }: Evidence,
  { cluster, clock }: LookUpDeps,
  signal: AbortSignal | undefined,
): Promise<readonly ClusterWorkload[]> {
  if (object.state === 'unread' || object.value?.deletedAt === undefined) return [];
  const foreign = object.value.finalizers.filter(({ name }) => !BUILT_IN.test(name));
  const names = foreign.flatMap(({ name, manager = '' }) => [manager, ownerOf(name)]).filter(isTelling);
  if (names.length === 0) return [];
  const all = await readWithin(clock, signal, (each) => cluster.workloads({}, { signal: each }));
  const others = all.state === 'read' ? all.value.filter((each) => each.id !== id) : [];
  const found = names.map((name) => others.filter((each) => parseResourceId(each.id).name.includes(name)));
  return found.find((each) => each.length > 0)?.slice(0, MAX_CONTROLLERS) ?? [];
}

/** `acme` of `acme.example.org/cleanup`. */
function ownerOf(finalizer: string): string {
  return (
    finalizer
      .split('/', 1)[0]
      ?.replace(/^finalizers?\./, '')
      .split('.', 1)[0] ?? ''
  );
}

function isTelling(name: string): boolean {
  return name.length > 2 && !GENERIC.includes(name);
}
