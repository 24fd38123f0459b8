import { asFluxError, type Logger, redact } from '../../base/index.ts';
import { type Change, isHeldDeletion } from '../../change/index.ts';
import { type EventResult, type FluxEvent, parseJobNote } from '../../record/index.ts';
import type { Commit, Revision } from '../../repository/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { ReleaseContainersSpec, ReleaseImageSpec, UpdateSpec } from '../../update/index.ts';
import type { Source } from '../ports/source.ts';
import type { SyncOutcome } from './sync.ts';
import { syncedCommits } from './synced-commits.ts';

/** Tells in events what syncs came to, as Flux v1 did: first the sync, then the releases that came with it, oldest first; then what Flux v1 did not tell. */
export interface SyncEvents {
  of(outcome: SyncOutcome): Promise<readonly FluxEvent[]>;
}

export function createSyncEvents(source: Pick<Source, 'commits' | 'notes'>, log: Logger): SyncEvents {
  const told = { errors: '[]', held: '[null,[]]' };

  function isNews(what: keyof typeof told, value: unknown): boolean {
    const text = JSON.stringify(value);
    const before = told[what];
    told[what] = text;
    return text !== before;
  }

  async function newCommits({ previous, revision }: SyncOutcome): Promise<readonly Commit[]> {
    try {
      return await syncedCommits(source, { previous, revision });
    } catch (error) {
      // History that was rewritten: what is gone cannot be named, what was applied can.
      const { message } = asFluxError(error, { code: 'git/failed' });
      log.warn({ revision, previous, error: message }, 'commits of the sync are not known');
      return [];
    }
  }

  return {
    async of(outcome) {
      const { revision, previous, startedAt, finishedAt, changes } = outcome;
      const commits = await newCommits(outcome);
      const jobs = commits.length === 0 ? [] : await jobsOf(commits, source);
      const errors = changes.flatMap(({ id, place, error, outcome: word }) =>
        word === 'failed' ? [{ ID: id, Path: place?.file ?? '', Error: redact(error?.message ?? '') }] : [],
      );
      const envelope = { startedAt, endedAt: finishedAt };
      const events: FluxEvent[] = [];

      const isOtherTrouble = isNews('errors', errors) && errors.length > 0;
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
      // Notes that an initial sync finds tell of what another daemon did, maybe long ago (Flux v1).
      if (!isInitial) events.push(...jobs.toReversed().flatMap((job) => releaseEvent(job, envelope)));

      const corrections = changes.filter(({ drift }) => drift).map(reasonOf);
      if (corrections.length > 0) {
        const objects = sorted(corrections.map(({ id }) => id));
        events.push({ type: 'drift_corrected', objects, ...envelope, metadata: { revision, corrections } });
      }
      const held = changes.filter(isHeldDeletion);
      const deletions = held.map(reasonOf);
      const hash = held.find(({ approval }) => approval !== undefined)?.approval;
      if (isNews('held', [hash, deletions]) && deletions.length > 0) {
        const metadata = { revision, ...(hash === undefined ? {} : { hash }), deletions };
        events.push({ type: 'deletions_held', objects: sorted(deletions.map(({ id }) => id)), ...envelope, metadata });
      }
      return events;
    },
  };
}

/** The event of a job that has pushed a commit. */
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
  /** Flux v1's word in `includes`. */
  readonly kind: 'release' | 'autorelease' | 'update_policy' | 'other';
  readonly spec?: UpdateSpec;
  readonly result: EventResult;
}

/** What made each commit, by its note. */
async function jobsOf(commits: readonly Commit[], source: Pick<Source, 'notes'>): Promise<readonly SyncedJob[]> {
  const notes = await source.notes(commits.map(({ revision }) => revision));
  return commits.map(({ revision }) => {
    const note = parseJobNote(notes.get(revision) ?? '');
    const spec = note?.spec;
    const kind = isSpec(spec) ? KINDS[spec.type] : undefined;
    return { revision, kind: kind ?? 'other', ...(isSpec(spec) ? { spec } : {}), result: note?.result ?? {} };
  });
}

const KINDS: Readonly<Record<string, SyncedJob['kind']>> = {
  image: 'release',
  containers: 'release',
  auto: 'autorelease',
  policy: 'update_policy',
};

/** A note may be written by anybody; only what its envelope says is looked at, the rest is handed on. */
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
        cause: causeOf(spec),
      },
    },
  ];
}

function causeOf({ cause }: UpdateSpec): { readonly Message: string; readonly User: string } {
  const { Message, User }: { Message?: unknown; User?: unknown } = cause ?? {};
  return { Message: typeof Message === 'string' ? Message : '', User: typeof User === 'string' ? User : '' };
}

function failureOf(result: EventResult): string {
  const failed = Object.entries(result).filter(([, { Status }]) => Status === 'failed');
  const [first] = failed;
  if (!first) return '';
  if (failed.length === 1) return `${first[0]} failed: ${first[1].Error ?? ''}`;
  return `Multiple workloads failed: ${failed.map(([id]) => id).join(', ')}`;
}

/** What is new or was changed by the revision, or should have been. */
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
