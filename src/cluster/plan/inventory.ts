import type { Manifest } from '../../resource/index.ts';
import type { Identified, LiveObject } from '../object/live.ts';
import { CHECKSUM_ANNOTATION, fingerprint, MARK_LABEL, ownsMark } from '../object/ownership.ts';
import { replicasOf } from '../object/scale.ts';
import type { ApplyStep } from './step.ts';

/** Our memory of an applied object. */
export interface Applied {
  /** Checksum of the applied manifest. */
  readonly checksum: string;
  /** Mark of that manifest. */
  readonly replicas: number | undefined;
  readonly mark: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counts changes of the spec; many kinds have none. */
  readonly generation: number | undefined;
  /** Digest of the fields that we own. */
  readonly fingerprint: string;
}

/** By object key. Only in memory: after a restart it is rebuilt from the objects themselves. */
export type Inventory = Map<string, Applied>;

export function appliedFrom(live: Identified, { checksum, object }: Manifest, mark: string, manager: string): Applied {
  return {
    checksum,
    replicas: replicasOf(object),
    mark,
    uid: live.uid,
    resourceVersion: live.resourceVersion ?? '',
    generation: live.generation,
    fingerprint: fingerprint(live, manager),
  };
}

/**
 * True if the metadata of an object proves that our last apply is still in effect: there was no write since, or none to our fields (same
 * managedFields entry, mark and checksum). Writes to other fields are ignored.
 */
export function stillStands(known: Applied, live: LiveObject, manager: string): boolean {
  if (known.uid !== live.uid) return false;
  if (known.resourceVersion === live.resourceVersion) return true;
  return hasMarkAndChecksum(live, known) && fingerprint(live, manager) === known.fingerprint;
}

/**
 * True if the object itself proves to a daemon that has just started that exactly this manifest was applied under our name, and that all
 * its fields are still ours.
 */
export function isAppliedAlready(
  live: LiveObject,
  wanted: { readonly checksum: string; readonly mark: string },
  manager: string,
): boolean {
  return hasMarkAndChecksum(live, wanted) && ownsMark(live, manager) && live.lost?.fields.length === 0 && live.uid !== undefined;
}

/** Whether exactly this manifest was applied last, by this process or as the object itself says; it may have been changed since. */
export function wasApplied({ target: { key, manifest }, mark, live }: ApplyStep, inventory: Inventory): boolean {
  const { checksum } = manifest;
  return inventory.get(key)?.checksum === checksum || (live !== undefined && hasMarkAndChecksum(live, { mark, checksum }));
}

/** Another Flux applies under the same manager name, so values can change while the fields stay ours. */
function hasMarkAndChecksum(live: LiveObject, { mark, checksum }: { readonly checksum: string; readonly mark: string }): boolean {
  return live.labels?.[MARK_LABEL] === mark && live.annotations?.[CHECKSUM_ANNOTATION] === checksum;
}
