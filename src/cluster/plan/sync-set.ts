import type { FluxError } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { DefinedKinds } from '../discovery/crd.ts';
import { Unconfirmed } from '../prune/unconfirmed.ts';
import { NOTHING_WANTED, type Wanted } from '../prune/wanted.ts';
import type { Part } from '../scope/allowed-namespaces.ts';
import type { Inventory } from './inventory.ts';
import { createLayouts, type LayOut, type LayoutOptions, type MarkedTarget } from './layout.ts';
import type { ClusterSource } from './source.ts';

/** An object that is changed or deleted again after each correction. */
export interface Fight {
  readonly corrections: number;
  /** Earliest next correction, by the monotonic clock. */
  readonly until: number;
  /** The manager that changed it, as far as its fields show. */
  readonly by?: string;
}

/** The memory of one sync set between plans. */
export interface SyncSet {
  readonly source: ClusterSource;
  /** Its number among the sources of this process. */
  readonly order: number;
  /** False until this process has planned it in its present term as the writer. */
  isPlanned: boolean;
  /** Whether its last plan left an object to another source. */
  isWaiting: boolean;
  readonly layOut: LayOut;
  readonly inventory: Inventory;
  /** Kinds that the set itself defines, as of the last plan. */
  defined: DefinedKinds;
  /** Objects to keep applied, as of the last plan, by object key. */
  targets: ReadonlyMap<string, MarkedTarget>;
  /** Checksums of a later revision that may have been applied, by object key, as of the last plan. */
  maybeApplied: ReadonlyMap<string, string> | undefined;
  /** By object key. */
  readonly fights: Map<string, Fight>;
  /** Checksums of manifests that were rejected last, by object key: only regular syncs retry them, not each event. */
  readonly refused: Map<string, string>;
  /** Keys of the objects that the last apply left as they are, because they are applied after others. */
  waiting: ReadonlySet<string>;
  /** Parts of the cluster that may contain objects of the set, by part key: garbage collection lists them even if Git has none left there. */
  readonly partsWithMarks: Map<string, Part>;
  /** Parts that have been searched for marks. */
  readonly searchedParts: Set<string>;
  /** As of the last read without errors, plus everything read since. */
  wanted: Wanted;
  /** When an object in Git last had another owner's mark, by the monotonic clock; keyed by id, so that it outlives the object. */
  readonly contested: Map<ResourceId, number>;
  /** The same for objects that are not in Git: if one is added later, the other owner may still want it. */
  readonly foreign: Map<ResourceId, number>;
  /** The last delete request of each object, by uid. */
  readonly deletes: Map<string, SentDelete>;
  readonly unconfirmed: Unconfirmed;
}

export interface SentDelete {
  /** Time by the monotonic clock. */
  readonly at: number;
  /** Why it failed. */
  readonly error?: FluxError;
}

export interface SyncSetOptions extends Omit<LayoutOptions, 'syncSet'> {
  readonly source: ClusterSource;
  readonly order: number;
}

export function createSyncSet({ source, order, ...options }: SyncSetOptions): SyncSet {
  return {
    source,
    order,
    isPlanned: false,
    isWaiting: false,
    layOut: createLayouts({ ...options, syncSet: source.syncSet }),
    inventory: new Map(),
    partsWithMarks: new Map(),
    searchedParts: new Set(),
    defined: new Map(),
    targets: new Map(),
    maybeApplied: undefined,
    fights: new Map(),
    refused: new Map(),
    waiting: new Set(),
    wanted: NOTHING_WANTED,
    contested: new Map(),
    foreign: new Map(),
    deletes: new Map(),
    unconfirmed: new Unconfirmed(),
  };
}
