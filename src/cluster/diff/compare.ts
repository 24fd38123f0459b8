import { isDeepStrictEqual } from 'node:util';
import type { FieldDiff } from '../../change/index.ts';
import { isFields, type Json } from '../../resource/index.ts';
import { CHANGE_CAUSE } from '../object/ownership.ts';
import { type Flat, flatten, type ServerObject, shapeOf } from './flatten.ts';

/**
 * The fields in which two states of an object differ, by path; without a live object every field is new. Server-owned fields, the status,
 * and internal data of Flux and kubectl are excluded. List items are identified by the keys in `managedFields`, else by `name`, else by
 * position; a list of scalars is one value. Empty exactly if both are equal in all compared fields.
 */
export function compareObjects(live: ServerObject | undefined, wanted: ServerObject): readonly FieldDiff[] {
  // What an apply says about itself leaves with the next one.
  return compareFields(live && !causeOf(wanted) ? withoutCause(live) : live, wanted);
}

/** The same of any two states, either of which may be absent. */
export function compareFields(one: ServerObject | undefined, other: ServerObject | undefined): readonly FieldDiff[] {
  const shape = shapeOf(one, other);
  const [from, to] = [flatten(one, shape), flatten(other, shape)];
  const paths = [...new Set([...from.leaves.keys(), ...to.leaves.keys()])].sort();
  const differences = paths.flatMap((path) => differ(path, from.leaves.get(path), to.leaves.get(path)));
  return [...differences, ...reordered(from.orders, to.orders)];
}

function differ(path: string, from: Json | undefined, to: Json | undefined): readonly FieldDiff[] {
  if (isDeepStrictEqual(from, to)) return [];
  return [{ path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }];
}

/** Lists whose common items have another order, which matters: containers start, and variables refer to each other, in list order. */
function reordered(from: Flat['orders'], to: Flat['orders']): readonly FieldDiff[] {
  return [...to].flatMap(([path, wanted]) => {
    const live = from.get(path) ?? [];
    const common = (names: readonly string[], others: readonly string[]) => {
      const known = new Set(others);
      return names.filter((name) => known.has(name));
    };
    return differ(`${path} (order)`, common(live, wanted), common(wanted, live));
  });
}

function causeOf({ metadata }: ServerObject): boolean {
  return isFields(metadata) && isFields(metadata.annotations) && CHANGE_CAUSE in metadata.annotations;
}

function withoutCause(object: ServerObject): ServerObject {
  if (!isFields(object.metadata) || !isFields(object.metadata.annotations)) return object;
  const { [CHANGE_CAUSE]: _, ...annotations } = object.metadata.annotations;
  return { ...object, metadata: { ...object.metadata, annotations } };
}
