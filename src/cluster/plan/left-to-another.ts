import { formatPlace, type ResourceId } from '../../resource/index.ts';
import type { LiveObject } from '../object/live.ts';
import { gcMark, MARK_LABEL } from '../object/ownership.ts';
import type { SyncSet } from './sync-set.ts';

/** What a source wants, as its rivals see it. */
export type Rival = Pick<SyncSet, 'source' | 'order' | 'targets' | 'wanted' | 'isPlanned'>;

export interface Contested {
  readonly id: ResourceId;
  readonly key: string;
  readonly live: LiveObject | undefined;
  /** The mark of the source that asks. */
  readonly mark: string;
}

/**
 * Why an object is left to another source of this process; undefined if it is not. The mark on the object decides. Without a mark of one
 * of them, the source that was added first gets it. `all` are the sources in the order in which they were added.
 */
export function leftToAnother(
  { id, key, live, mark }: Contested,
  { order }: Pick<SyncSet, 'order'>,
  all: readonly Rival[],
): string | undefined {
  if (all.length === 1) return undefined;
  const marked = live?.labels?.[MARK_LABEL];
  if (marked === mark) return undefined;
  const holder = marked === undefined ? undefined : all.find(({ source }) => marked === gcMark(source.syncSet, id));
  if (holder && !holder.isPlanned) return `source ${holder.source.name} applied it, and has not been read yet`;
  const rival = holder ?? all.find((other) => other.isPlanned && other.order < order && other.targets.has(key));
  if (!rival) return undefined;
  const place = rival.targets.get(key)?.target.manifest.place;
  if (place) return `source ${rival.source.name} defines it too, in ${formatPlace(place)}, and keeps it`;
  // Not all of its repository could be read, it defines the object twice, or it ignores it.
  return rival.wanted.ids.has(id) ? `source ${rival.source.name} applied it, and its repository may still define it` : undefined;
}
