import type { FluxError } from '../../base/index.ts';
import { type Change, isApplied, REPLICAS_HELD, type Wait } from '../../change/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { Problem, RenderedPlace, ResourceId, WrittenPlace } from '../../resource/index.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/**
 * The state of an object since the last sync. `waiting`: in sync, except for a number of replicas that another manager holds. `refused`:
 * its document is invalid.
 */
export type ObjectStateName = 'synced' | 'waiting' | 'skipped' | 'held' | 'failed' | 'refused';

/** The place of an object, or as much of it as is known of a refused one. */
export type KnownPlace = Partial<WrittenPlace> & Partial<RenderedPlace>;

export interface ObjectState {
  /** Absent for a document without a readable id. */
  readonly id?: ResourceId;
  readonly state: ObjectStateName;
  /** When this state began, for this reason, in milliseconds since the epoch. For a synced object: the time of the last write. */
  readonly since: number;
  readonly place?: KnownPlace;
  readonly reason?: string;
  readonly error?: FluxError;
  /** Set if it is held because it is applied after other objects. */
  readonly waitsFor?: Wait;
  /** The name of its source; absent if the daemon has one. */
  readonly source?: string;
}

export interface ObjectStatesView {
  /** Revision of the last sync; absent before the first. */
  readonly revision?: Revision;
  /** End of that sync, in milliseconds since the epoch. */
  readonly syncedAt?: number;
  /** Sorted by `objectKey`. */
  readonly objects: readonly ObjectState[];
}

/** The sort key of an entry: its id, or the location of a document without one; several sources may have the same. */
export function objectKey({ id, place, source }: Pick<ObjectState, 'id' | 'place' | 'source'>): string {
  const key = id ?? `${place?.unit ?? place?.file ?? ''}:${place?.document ?? 0}:${place?.line ?? 0}`;
  return source === undefined ? key : `${key} ${source}`;
}

/** The state of every object of the repository, kept across syncs to know its start. */
export class ObjectStates {
  #view: ObjectStatesView = { objects: [] };
  #byKey: ReadonlyMap<string, ObjectState> = new Map();
  /** The unit that rendered an object before it failed, by the id of the object. */
  #unitOf: ReadonlyMap<ResourceId, string> = new Map();

  get view(): ObjectStatesView {
    return this.#view;
  }

  /** The unit that renders an object, or rendered it until the unit failed; undefined if that is not known. */
  unitOf(id: ResourceId): string | undefined {
    return this.#unitOf.get(id);
  }

  forget(): void {
    this.#byKey = new Map();
    this.#unitOf = new Map();
    this.#view = { objects: [] };
  }

  synced({ revision, finishedAt, changes, errors }: SyncOutcome): void {
    const next = new Map<string, ObjectState>();
    for (const problem of errors) this.#enter(next, refused(problem), finishedAt);
    for (const change of changes) {
      const state = stateOf(change);
      // An object may be both refused and applied, if it is in the repository twice; the applied one is more informative.
      if (state) this.#enter(next, state, finishedAt);
    }
    const objects = [...next].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, state]) => state);
    this.#byKey = next;
    this.#unitOf = new Map([...this.#lostTo(problemsOfUnits(errors)), ...rendered(objects)]);
    this.#view = { revision, syncedAt: finishedAt, objects };
  }

  /** Objects of units that failed: what they rendered is not known. */
  #lostTo(failed: ReadonlyMap<string, Problem>): readonly (readonly [ResourceId, string])[] {
    return failed.size === 0 ? [] : [...this.#unitOf].filter(([, unit]) => failed.has(unit));
  }

  #enter(next: Map<string, ObjectState>, state: Omit<ObjectState, 'since'> & { readonly news?: boolean }, now: number): void {
    const { news = false, ...rest } = state;
    const key = objectKey(rest);
    const before = this.#byKey.get(key);
    const isSame = before?.state === rest.state && before.reason === rest.reason && before.error?.message === rest.error?.message;
    next.set(key, { ...rest, since: isSame && !news && before ? before.since : now });
  }
}

function rendered(objects: readonly ObjectState[]): readonly (readonly [ResourceId, string])[] {
  return objects.flatMap(({ id, place }) => (id === undefined || place?.unit === undefined ? [] : [[id, place.unit] as const]));
}

/** What is wrong with each unit that could not be rendered, or not in full, by its name. */
export function problemsOfUnits(errors: readonly Problem[]): ReadonlyMap<string, Problem> {
  const found = new Map<string, Problem>();
  for (const problem of errors) {
    const { unit, document } = problem;
    if (unit !== undefined && (document === undefined || !found.has(unit))) found.set(unit, problem);
  }
  return found;
}

function stateOf(change: Change): (Omit<ObjectState, 'since'> & { readonly news?: boolean }) | undefined {
  const { id, outcome, place, reason, error, waitsFor, warnings = [] } = change;
  if (outcome === 'deleted') return undefined;
  const object = { id, ...(place ? { place } : {}) };
  if (!isApplied(change))
    return {
      ...object,
      state: change.outcome,
      ...(reason === undefined ? {} : { reason }),
      ...(error ? { error } : {}),
      ...(waitsFor ? { waitsFor } : {}),
    };
  const held = warnings.find(({ code }) => code === REPLICAS_HELD);
  if (held) return { ...object, state: 'waiting', reason: held.message };
  return { ...object, state: 'synced', ...(outcome === 'unchanged' ? {} : { news: true }) };
}

function refused({ id, file, unit, document, item, line, error }: Problem): Omit<ObjectState, 'since'> {
  const place = {
    ...(file === undefined ? {} : { file }),
    ...(unit === undefined ? {} : { unit }),
    ...(document === undefined ? {} : { document }),
    ...(line === undefined ? {} : { line }),
    ...(item === undefined ? {} : { item }),
  };
  return { ...(id === undefined ? {} : { id }), state: 'refused', place, error };
}
