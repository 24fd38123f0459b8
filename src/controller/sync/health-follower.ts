import { type Cancellable, type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import { type Change, isApplied } from '../../change/index.ts';
import { parseSyncRecord, type RecordedHealth, type SyncRecord } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import { containersOf, type Manifest, type ResourceId } from '../../resource/index.ts';
import type { Cluster, HealthWatch } from '../ports/cluster.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryReader } from '../repository/view.ts';
import { afterStates, afterSync, type Following, type Images, nextLookAt, separate } from './follow-health.ts';
import type { SyncHistory } from './history.ts';
import { isRefusal } from './patient-recorder.ts';
import type { SyncOutcome } from './sync-outcome.ts';
import type { SyncRecorder } from './sync-recorder.ts';

export interface HealthFollowerOptions {
  readonly cluster: Pick<Cluster, 'watchHealth'>;
  readonly source: Pick<Source, 'syncRecord'>;
  readonly reader: Pick<RepositoryReader, 'readAside'>;
  readonly recorder: Pick<SyncRecorder, 'recordHealth'>;
  readonly history: Pick<SyncHistory, 'healthKnown'>;
  /** How long a workload may take to become healthy, and how long it has to be so. */
  readonly deadlineMs: number;
  readonly provenMs: number;
  /** Requests a call of `record`. */
  readonly askToRecord: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Follows the workloads that syncs created or changed until each is healthy or has failed, and adds that to the record of the sync. */
export interface HealthFollower {
  /** A sync ended. The first one also follows what an earlier process recorded without health. Never rejects. */
  synced(outcome: SyncOutcome): Promise<void>;
  /** Pushes what is known of all workloads of a sync: one push for each sync. A failure that may pass is thrown; the next call retries. */
  record(cancel: Cancellable): Promise<void>;
  /** Forgets everything: the process stops, or another daemon leads. */
  close(): void;
}

/** Events of a rollout arrive in groups. */
const COALESCE_MS = 200;
/** The reason of a failure is known in time without frequent requests. */
const INSPECT_PODS_MS = 60_000;
/** Limit of syncs whose health waits to be recorded. */
const MAX_WAITING = 20;

export function createHealthFollower(options: HealthFollowerOptions): HealthFollower {
  const { cluster, source, reader, recorder, history, deadlineMs, provenMs, askToRecord, clock, log } = options;
  let following: Following = [];
  /** Changes of the followed workloads, by which the cluster finds them. */
  const changes = new Map<ResourceId, Change>();
  const waiting = new Map<Revision, ReadonlyMap<ResourceId, RecordedHealth>>();
  let watch: HealthWatch | undefined;
  let closing = new AbortController();
  let news = Promise.withResolvers<void>();
  let isFirst = true;
  /** Incremented when everything is forgotten. */
  let term = 0;

  function take(next: Following): void {
    const { complete, following: open } = separate(next);
    following = open;
    const known = complete.filter((sync) => sync.settled.size > 0);
    for (const { revision, settled: health } of known) {
      waiting.set(revision, new Map([...(waiting.get(revision) ?? []), ...health]));
      history.healthKnown(revision, Object.fromEntries(health));
    }
    for (const oldest of waiting.keys()) if (waiting.size > MAX_WAITING) waiting.delete(oldest);
    // A push that failed is retried by the loop, with backoff.
    if (known.length > 0) askToRecord();
  }

  function stop(): void {
    closing.abort(new Error('nothing is followed'));
    watch?.close();
    watch = undefined;
  }

  /** Watches exactly the workloads that are followed now. */
  function open(): void {
    stop();
    closing = new AbortController();
    news = Promise.withResolvers();
    watch = cluster.watchHealth([...changes.values()], () => news.resolve(), { inspectPodsMs: INSPECT_PODS_MS });
    const { signal } = closing;
    observe();
    follow(signal).catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'following the health of workloads failed');
    });
  }

  function observe(): void {
    take(afterStates(following, watch?.states() ?? [], { now: clock.monotonic(), provenMs }));
    if (following.length === 0) stop();
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const until = nextLookAt(following, provenMs);
      const woken = new AbortController();
      const over = clock.sleep(Math.max(0, until - clock.monotonic()), { signal: AbortSignal.any([signal, woken.signal]) });
      await Promise.race([news.promise, over]).finally(() => woken.abort());
      await clock.sleep(COALESCE_MS, { signal });
      news = Promise.withResolvers();
      observe();
    }
  }

  /** Workloads that an earlier process recorded without health, and that are the same in the revision of this sync. */
  async function leftBefore({ previous, revision, workloads }: SyncOutcome): Promise<ReadonlyMap<ResourceId, Images>> {
    if (previous === undefined) return new Map();
    try {
      const text = await source.syncRecord(previous);
      const record = text === undefined ? undefined : parseSyncRecord(text);
      const left = record ? unsettled(record).filter((id) => workloads.has(id)) : [];
      if (previous === revision || left.length === 0) return imagesOf(left, workloads);
      const before = new Set((await reader.readAside(previous)).manifests.map(({ checksum }) => checksum));
      const isSame = (id: ResourceId) => before.has(workloads.get(id)?.checksum ?? '');
      return imagesOf(left.filter(isSame), workloads);
    } catch (error) {
      log.warn({ revision, error: messageOf(error) }, 'reading the record of the last sync failed; its health stays unknown');
      return new Map();
    }
  }

  return {
    async synced(outcome) {
      const { revision, previous, workloads } = outcome;
      const until = clock.monotonic() + deadlineMs;
      const wanted = new Set(outcome.changes.flatMap(({ id, inGit }) => (inGit ? [id] : [])));
      const sync = { until, isWanted: (id: ResourceId) => wanted.has(id) };
      const started = term;
      const left = isFirst ? await leftBefore(outcome) : new Map<ResourceId, Images>();
      if (term !== started) return;
      isFirst = false;
      if (left.size > 0 && previous !== undefined) take(afterSync(following, { ...sync, revision: previous, changed: left }));
      const changed = imagesOf(
        outcome.changes.filter(isOfRevision).map(({ id }) => id),
        workloads,
      );
      take(afterSync(following, { ...sync, revision, changed }));
      const pending = new Set(following.flatMap((each) => [...each.pending.keys()]));
      for (const id of changes.keys()) if (!pending.has(id)) changes.delete(id);
      for (const change of outcome.changes) if (isApplied(change) && pending.has(change.id)) changes.set(change.id, change);
      if (pending.size === 0) stop();
      else if (changed.size > 0 || left.size > 0) open();
      if (waiting.size > 0) askToRecord();
    },

    async record(cancel) {
      for (const [revision, health] of [...waiting]) {
        try {
          const isRecorded = await recorder.recordHealth(revision, Object.fromEntries(health), cancel);
          // Without a record yet, the next sync asks again.
          if (isRecorded && waiting.get(revision) === health) waiting.delete(revision);
        } catch (error) {
          cancel.signal?.throwIfAborted();
          if (!(error instanceof FluxError) || (!isRefusal(error) && error.fault !== 'user')) throw error;
          waiting.delete(revision);
          log.info({ revision, reason: error.message }, 'health of the workloads not recorded');
        }
      }
    },

    close() {
      term += 1;
      stop();
      following = [];
      changes.clear();
      waiting.clear();
      isFirst = true;
    },
  };
}

/** Whether the revision created or changed the object; a correction of drift says nothing of the revision. */
function isOfRevision({ outcome, drift }: Change): boolean {
  return (outcome === 'created' || outcome === 'configured') && !drift;
}

function unsettled({ changes, health = {} }: SyncRecord): readonly ResourceId[] {
  return changes.flatMap(({ id, outcome }) => {
    if (id === undefined || Object.hasOwn(health, id)) return [];
    return outcome === 'created' || outcome === 'configured' ? [id] : [];
  });
}

/** The workloads among the ids, with their images in Git. */
function imagesOf(ids: readonly ResourceId[], workloads: ReadonlyMap<ResourceId, Manifest>): ReadonlyMap<ResourceId, Images> {
  return new Map(
    ids.flatMap((id) => {
      const manifest = workloads.get(id);
      if (!manifest) return [];
      return [[id, Object.fromEntries(containersOf(manifest.object).map(({ name, image }) => [name, image]))] as const];
    }),
  );
}
