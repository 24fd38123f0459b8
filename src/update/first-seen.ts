import type { MinAge } from '../policy/index.ts';

/** When we first saw a digest under a tag, in milliseconds since the epoch. */
export interface Sighting {
  readonly digest: string;
  readonly since: number;
}

/** By canonical name of the repository, and tag. */
export type FirstSeen = ReadonlyMap<string, ReadonlyMap<string, Sighting>>;

/** What minimum ages are measured by. */
export interface Ages {
  /** For containers without one of their own. */
  readonly byDefault: MinAge;
  readonly seen: FirstSeen;
  /** Whether a restart begins the wait again, because there is no place to keep the times. */
  readonly inProcess: boolean;
}

/** Since when a tag has had this digest, as far as we know. */
export function seenSince(seen: FirstSeen, image: string, tag: string, digest: string): number | undefined {
  const sighting = seen.get(image)?.get(tag);
  return sighting?.digest === digest ? sighting.since : undefined;
}

/** The earlier of two sightings of the same digest under the same tag. */
export function earliest(stored: FirstSeen, known: FirstSeen): FirstSeen {
  const joined = new Map([...stored].map(([image, tags]) => [image, new Map(tags)]));
  for (const [image, tags] of known) {
    const same = joined.get(image) ?? new Map<string, Sighting>();
    joined.set(image, same);
    for (const [tag, { digest, since }] of tags) {
      const other = same.get(tag);
      same.set(tag, { digest, since: other?.digest === digest ? Math.min(other.since, since) : since });
    }
  }
  return joined;
}
