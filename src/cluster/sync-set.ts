import type { ApiResource } from './api-resource.ts';
import type { Inventory } from './inventory.ts';

/** What is remembered of one sync set between two plans. */
export interface SyncSet {
  readonly inventory: Inventory;
  /** Kinds that may hold objects of the set, by kind key: they are listed for garbage collection even when Git has none left. */
  readonly kindsWithMarks: Map<string, ApiResource>;
  /** Kinds that were searched for marks at least once. */
  readonly searchedKinds: Set<string>;
}

export function createSyncSet(): SyncSet {
  return { inventory: new Map(), kindsWithMarks: new Map(), searchedKinds: new Set() };
}
