import type { LiveObject } from './live.ts';
import { CHECKSUM_ANNOTATION, fingerprint, MARK_LABEL } from './ownership.ts';

/** What we remember of an object since we applied it. */
export interface Applied {
  /** Checksum of the manifest that was applied. */
  readonly checksum: string;
  readonly mark: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  /** Of the fields we own. */
  readonly fingerprint: string;
}

/** By object key. In memory only: after a restart everything is applied once more, which changes nothing. */
export type Inventory = Map<string, Applied>;

export function appliedFrom(
  live: LiveObject,
  wanted: { readonly checksum: string; readonly mark: string },
  manager: string,
): Applied {
  return {
    ...wanted,
    uid: live.uid ?? '',
    resourceVersion: live.resourceVersion ?? '',
    generation: live.generation,
    fingerprint: fingerprint(live, manager),
  };
}

/**
 * True when the metadata of an object proves that what we applied still stands: nobody wrote to it since, or the writes
 * touched neither its spec (same generation) nor a field of ours (same managedFields entry, mark and checksum). A kind
 * without generation counts as changed by any write that is not ours.
 */
export function stillStands(known: Applied, live: LiveObject, manager: string): boolean {
  if (known.uid === '' || known.uid !== live.uid) return false;
  if (known.resourceVersion === live.resourceVersion) return true;
  return (
    live.generation !== undefined &&
    live.generation === known.generation &&
    // Another Flux applies under the same manager name, so the fields stay ours while the values change.
    live.labels?.[MARK_LABEL] === known.mark &&
    live.annotations?.[CHECKSUM_ANNOTATION] === known.checksum &&
    fingerprint(live, manager) === known.fingerprint
  );
}
