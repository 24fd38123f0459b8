import { createChangedOnly, redact } from '../../base/index.ts';
import { type Change, isHeldDeletion } from '../../change/index.ts';
import { type EventResult, type FluxEvent, readRecordedSpec } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import { isRendered, type ManifestPlace, type ResourceId } from '../../resource/index.ts';
import type { ReleaseContainersSpec, ReleaseImageSpec, UpdateSpec } from '../../update/index.ts';
import type { NewCommit } from './new-commits.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/** Creates the events of syncs, as Flux v1 did: first the sync, then its releases, oldest first; then events that Flux v1 lacks. */
export interface SyncEvents {
  of(outcome: SyncOutcome): readonly FluxEvent[];
}

export function createSyncEvents(): SyncEvents {
  // No errors and no held deletions are no change at first.
  const changedOnly = createChangedOnly(
    new Map([
      ['errors', '[]'],
      ['held', '[null,[]]'],
    ]),
  );

  return {
    of(outcome) {
      const { revision, previous, startedAt, finishedAt, changes, newCommits } = outcome;
      const commits = newCommits.state === 'read' ? newCommits.commits : [];
      const jobs = commits.map(jobOf);
      const errors = changes.flatMap(({ id, place, error, outcome: word }) =>
        word === 'failed' ? [{ ID: id, Path: pathOf(place), Error: redact(error?.message ?? '') }] : [],
      );
      const envelope = { startedAt, endedAt: finishedAt };
      const events: FluxEvent[] = [];

      const isOtherTrouble = changedOnly.hasChanged('errors', JSON.stringify(errors)) && errors.length > 0;
      const isInitial = previous === undefined && commits.length > 0;
      if (commits.length > 0 || isOtherTrouble) {
        events.push({
          type: 'sync',
          objects: sorted(changes.filter(isOfRevision).map(({ id }) => id)),
          startedAt,
          endedAt: startedAt,
          metadata: {
            commits: commits.map(({ revision: commit, subject }) => ({ revision: commit, message: subject })),
            includes: Object.fromEntries(jobs.map(({ kind }) => [kind, true as const])),
            ...(errors.length > 0 ? { errors } : {}),
            ...(isInitial ? { initialSync: true } : {}),
          },
        });
      }
      // Notes found in an initial sync are from another daemon, perhaps old (Flux v1).
      if (!isInitial) events.push(...jobs.toReversed().flatMap((job) => releaseEvent(job, envelope)));

      const corrections = changes.filter(({ drift }) => drift).map(reasonOf);
      if (corrections.length > 0) {
        const objects = sorted(corrections.map(({ id }) => id));
        events.push({ type: 'drift_corrected', objects, ...envelope, metadata: { revision, corrections } });
      }
      const held = changes.filter(isHeldDeletion);
      const deletions = held.map(reasonOf);
      const hash = held.find(({ approval }) => approval !== undefined)?.approval;
      if (changedOnly.hasChanged('held', JSON.stringify([hash, deletions])) && deletions.length > 0) {
        const metadata = { revision, ...(hash === undefined ? {} : { hash }), deletions };
        events.push({ type: 'deletions_held', objects: sorted(deletions.map(({ id }) => id)), ...envelope, metadata });
      }
      return events;
    },
  };
}

/** The event for a commit that a job pushed. */
export function commitEvent(
  revision: Revision,
  spec: UpdateSpec,
  result: EventResult,
  startedAt: number,
): Extract<FluxEvent, { type: 'commit' }> {
  return {
    type: 'commit',
    objects: successes(result),
    startedAt,
    endedAt: startedAt,
    metadata: { revision, spec, result },
  };
}

interface SyncedJob {
  readonly revision: Revision;
  /** Flux v1's key in `includes`. */
  readonly kind: 'release' | 'autorelease' | 'update_policy' | 'other';
  readonly spec?: UpdateSpec;
  readonly result: EventResult;
}

/** The cause of a commit, from its note. */
function jobOf({ revision, job }: NewCommit): SyncedJob {
  const spec = job?.spec;
  const kind = isSpec(spec) ? KINDS[spec.type] : undefined;
  return { revision, kind: kind ?? 'other', ...(isSpec(spec) ? { spec } : {}), result: job?.result ?? {} };
}

const KINDS: Readonly<Record<string, SyncedJob['kind']>> = {
  image: 'release',
  containers: 'release',
  auto: 'autorelease',
  policy: 'update_policy',
};

/** Anyone can write a note; only its envelope is validated, the rest is passed on. */
function isSpec(spec: unknown): spec is UpdateSpec {
  return typeof spec === 'object' && spec !== null && 'type' in spec && typeof spec.type === 'string' && 'spec' in spec;
}

function releaseEvent(
  { revision, spec, kind, result }: SyncedJob,
  envelope: { readonly startedAt: number; readonly endedAt: number },
): readonly FluxEvent[] {
  if (!spec || (kind !== 'release' && kind !== 'autorelease')) return [];
  const error = failureOf(result);
  const common = { Revision: revision, result, ...(error === '' ? {} : { error }) };
  const objects = successes(result);
  if (kind === 'autorelease') return [{ type: 'autorelease', objects, ...envelope, metadata: { ...common, spec: spec.spec } }];
  const isImage = spec.type === 'image';
  return [
    {
      type: 'release',
      objects,
      ...envelope,
      metadata: {
        ...common,
        spec: {
          Type: isImage ? 'releaseImageSpecType' : 'releaseContainersSpecType',
          ReleaseImageSpec: isImage ? (spec.spec as ReleaseImageSpec) : null,
          ReleaseContainersSpec: isImage ? null : (spec.spec as ReleaseContainersSpec),
        },
        cause: readRecordedSpec(spec).cause,
      },
    },
  ];
}

function failureOf(result: EventResult): string {
  const failed = Object.entries(result).filter(([, { Status }]) => Status === 'failed');
  const [first] = failed;
  if (!first) return '';
  if (failed.length === 1) return `${first[0]} failed: ${first[1].Error ?? ''}`;
  return `Multiple workloads failed: ${failed.map(([id]) => id).join(', ')}`;
}

/** Objects that the revision added or changed, or should have. */
function isOfRevision({ outcome, drift, inGit }: Change): boolean {
  return inGit && !drift && (outcome === 'created' || outcome === 'configured' || outcome === 'failed');
}

function successes(result: EventResult): readonly ResourceId[] {
  return sorted(Object.keys(result).filter((id) => result[id]?.Status === 'success'));
}

function reasonOf({ id, reason = '' }: Change): { readonly id: ResourceId; readonly reason: string } {
  return { id, reason: redact(reason) };
}

function sorted(ids: readonly ResourceId[]): readonly ResourceId[] {
  return ids.toSorted();
}

/** Flux v1's name of where an object is from. */
function pathOf(place: ManifestPlace | undefined): string {
  if (!place) return '';
  return isRendered(place) ? place.unit : place.file;
}
