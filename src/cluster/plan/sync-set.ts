import type { FluxError } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import { Unconfirmed } from '../prune/unconfirmed.ts';
import { NOTHING_WANTED, type Wanted } from '../prune/wanted.ts';
import type { Part } from '../scope/allowed-namespaces.ts';
import type { Inventory } from './inventory.ts';
import { createLayouts, type LayOut, type LayoutOptions, type MarkedTarget } from './layout.ts';

/** An object that somebody changes or deletes again after each correction. */
export interface Fight {
  readonly corrections: number;
  /** It is not corrected before, by the monotonic clock. */
  readonly until: number;
}

/** What is remembered of one sync set between two plans. */
export interface SyncSet {
  readonly layOut: LayOut;
  readonly inventory: Inventory;
  /** What is kept applied, as of the last plan, by object key. */
  targets: ReadonlyMap<string, MarkedTarget>;
  /** By object key. */
  readonly fights: Map<string, Fight>;
  /** By object key, the checksum of what could not be applied the last time: only a sync tries it again, not each event. */
  readonly refused: Map<string, string>;
  /** Parts of the cluster that may hold objects of the set, by part key: looked at for garbage collection even when Git has none left there. */
  readonly partsWithMarks: Map<string, Part>;
  /** Parts that were searched for marks at least once. */
  readonly searchedParts: Set<string>;
  /** As of the last read without errors, and whatever was read since. */
  wanted: Wanted;
  /** When an object that is in Git was last seen to carry another owner's mark, by the monotonic clock; by id, so that it outlives the object. */
  readonly contested: Map<ResourceId, number>;
  /** The same of an object that is not in Git: should it come to be, and be ours, the other owner may want it still. */
  readonly foreign: Map<ResourceId, number>;
  /** The last delete of each object that was deleted, or tried to be, by uid. */
  readonly deletes: Map<string, SentDelete>;
  readonly unconfirmed: Unconfirmed;
}

export interface SentDelete {
  /** By the monotonic clock. */
  readonly at: number;
  /** Why it came to nothing. */
  readonly error?: FluxError;
}

export function createSyncSet(options: LayoutOptions): SyncSet {
  return {
    layOut: createLayouts(options),
    inventory: new Map(),
    partsWithMarks: new Map(),
    searchedParts: new Set(),
    targets: new Map(),
    fights: new Map(),
    refused: new Map(),
    wanted: NOTHING_WANTED,
    contested: new Map(),
    foreign: new Map(),
    deletes: new Map(),
    unconfirmed: new Unconfirmed(),
  };
}
