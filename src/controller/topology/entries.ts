import type { ResourceId } from '../../resource/index.ts';
import type { HealthReport } from '../daemon/daemon.ts';
import { type ObjectState, type ObjectStateName, objectKey } from '../sync/object-states.ts';
import type { Status } from './node.ts';

/** An object of a repository, with what of it is filtered and grouped by. */
export interface Entry {
  /** Unique among the objects of all sources. */
  readonly key: string;
  readonly source: string;
  /** The folder of its file, or its unit; `.` for the root of the repository, and empty for what is not in it. */
  readonly folder: string;
  /** Empty for a document without a readable id. */
  readonly namespace: string;
  /** In lower case; empty for a document without a readable id. */
  readonly kind: string;
  readonly id?: ResourceId;
  readonly place?: ObjectState['place'];
  readonly state: ObjectStateName;
  readonly status: Status;
  /** Why it is not in order. */
  readonly reason?: string;
}

/** Chooses what is in no folder, or of no kind that can be read; a folder of this name is chosen with it. */
export const NONE = '<none>';

/** Which objects are looked at; empty texts are no filter. */
export interface EntryFilter {
  /** A folder with all below it, or a unit; NONE for what is not in the repository. */
  readonly folder: string;
  readonly namespace: string;
  /** NONE for documents without a readable id. */
  readonly kind: string;
  readonly status: string;
  /** Part of an id or a file, without regard to case. */
  readonly text: string;
}

const STATUS_OF: Readonly<Record<ObjectStateName, Status>> = {
  failed: 'failed',
  refused: 'failed',
  held: 'held',
  waiting: 'waiting',
  synced: 'ok',
  skipped: 'skipped',
};

/** The objects of a source. What could be applied may still be unhealthy. */
export function* entriesOf(
  source: string,
  objects: readonly ObjectState[],
  health: HealthReport | undefined,
): Generator<Entry, void, undefined> {
  const unhealthy = new Map(health?.objects.map((each) => [each.id, each]));
  for (const object of objects) {
    const { id, place, state, reason, error } = object;
    const ill = id === undefined || state !== 'synced' ? undefined : unhealthy.get(id);
    const why = reason ?? error?.message ?? ill?.message;
    const [namespace = '', kind = ''] = id === undefined ? [] : id.split(/[:/]/, 2);
    yield {
      key: `object ${source} ${objectKey(object)}`,
      source,
      folder: folderOf(place),
      namespace,
      kind,
      ...(id === undefined ? {} : { id }),
      ...(place ? { place } : {}),
      state,
      status: ill ? (ill.state === 'failed' ? 'failed' : 'waiting') : STATUS_OF[state],
      ...(why === undefined ? {} : { reason: why }),
    };
  }
}

export function isWanted(entry: Entry, filter: EntryFilter): boolean {
  const { folder, namespace, kind, status, text } = filter;
  return (
    (folder === '' || isNone(entry.folder, folder) || entry.folder === folder || entry.folder.startsWith(`${folder}/`)) &&
    (namespace === '' || entry.namespace === namespace) &&
    (kind === '' || isNone(entry.kind, kind) || entry.kind === kind) &&
    (status === '' || entry.status === status) &&
    (text === '' || `${entry.id ?? ''} ${entry.place?.file ?? ''}`.toLowerCase().includes(text.toLowerCase()))
  );
}

function isNone(value: string, wanted: string): boolean {
  return value === '' && wanted === NONE;
}

function folderOf(place: ObjectState['place']): string {
  if (place?.unit !== undefined) return place.unit;
  if (place?.file === undefined) return '';
  const at = place.file.lastIndexOf('/');
  return at < 0 ? '.' : place.file.slice(0, at);
}
