import type { ObjectStatesWire } from '../../src/api/wire/index.ts';
import type { ObjectFilter } from '../shell/route.ts';
import { partsOfId } from '../text/object-id.ts';

export type ObjectEntry = ObjectStatesWire['objects'][number];

/** The objects of one folder, or of one unit. */
export interface Group {
  readonly source: string | undefined;
  /** `/` for the root of the repository; empty for what is not in it, such as held deletions. */
  readonly folder: string;
  readonly objects: readonly ObjectEntry[];
  /** Number of objects by state. */
  readonly counts: Readonly<Record<string, number>>;
}

export function namespaceOf({ id = '' }: ObjectEntry): string {
  return partsOfId(id).namespace;
}

export function kindOf({ id = '' }: ObjectEntry): string {
  return partsOfId(id).kind;
}

/** Where an object is written, as people say it: `shop/cart.yaml:2`. */
export function placeOf({ place }: ObjectEntry): string {
  if (!place) return '';
  const { unit, file, line, origin } = place;
  if (unit !== undefined) return origin ? `${unit}, from ${origin.file}` : unit;
  return line === undefined ? (file ?? '') : `${file}:${line}`;
}

export function filtered(objects: readonly ObjectEntry[], filter: ObjectFilter): readonly ObjectEntry[] {
  const text = filter.text.trim().toLowerCase();
  return objects.filter(
    (object) =>
      (filter.state === '' || object.state === filter.state) &&
      (filter.namespace === '' || namespaceOf(object) === filter.namespace) &&
      (filter.kind === '' || kindOf(object) === filter.kind) &&
      (text === '' || `${object.id ?? ''} ${placeOf(object)}`.toLowerCase().includes(text)),
  );
}

/** By source and folder, in the order of their names. */
export function groupsOf(objects: readonly ObjectEntry[]): readonly Group[] {
  const groups = new Map<string, ObjectEntry[]>();
  for (const object of objects) {
    const key = `${object.source ?? ''}\n${folderOf(object)}`;
    const group = groups.get(key);
    if (group) group.push(object);
    else groups.set(key, [object]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, objects]) => ({
      source: objects[0]?.source,
      folder: key.slice(key.indexOf('\n') + 1),
      objects,
      counts: countsOf(objects.map(({ state }) => state)),
    }));
}

/** The values that a filter can have, with how many objects have each, in order. */
export function choices(objects: readonly ObjectEntry[], of: (object: ObjectEntry) => string): readonly string[] {
  return [...new Set(objects.map(of))].filter((value) => value !== '').sort();
}

function folderOf({ place }: ObjectEntry): string {
  if (place?.unit !== undefined) return place.unit;
  if (place?.file === undefined) return '';
  const at = place.file.lastIndexOf('/');
  return at < 0 ? '/' : place.file.slice(0, at);
}

function countsOf(states: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
