import { formatPlace, type ResourceId } from '../../resource/index.ts';
import type { LiveObject } from '../object/live.ts';
import { gcMark, MARK_LABEL } from '../object/ownership.ts';
import type { SyncSet } from './sync-set.ts';

/** The rest of the sources of this process, in the order in which they were added. */
export type OtherSets = readonly Pick<SyncSet, 'source' | 'order' | 'targets' | 'isPlanned'>[];

/**
 * Why an object is left to another source of this process; undefined if it is not. The mark on the object decides. Without a mark of one
 * of them, the source that was added first gets it.
 */
export function leftToAnother(
  { id, key, live }: { readonly id: ResourceId; readonly key: string; readonly live: LiveObject | undefined },
  { source, order }: Pick<SyncSet, 'source' | 'order'>,
  others: OtherSets,
): string | undefined {
  if (others.length === 0) return undefined;
  const mark = live?.labels?.[MARK_LABEL];
  if (mark === gcMark(source.syncSet, id)) return undefined;
  const holder = others.find((other) => mark === gcMark(other.source.syncSet, id));
  if (holder && !holder.isPlanned) return `source ${holder.source.name} applied it, and has not been read yet`;
  const rival = holder ?? others.find((other) => other.order < order && other.targets.has(key));
  const place = rival?.targets.get(key)?.target.manifest.place;
  return rival && place ? `source ${rival.source.name} defines it too, in ${formatPlace(place)}, and keeps it` : undefined;
}
