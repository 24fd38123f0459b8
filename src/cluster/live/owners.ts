import type { FieldOwner } from '../../change/index.ts';
import { isFields } from '../../resource/index.ts';
import { itemNames, pathOf, type ServerObject, type Shape } from '../diff/flatten.ts';
import { fieldsOf, recordsOf, textOf } from '../object/fields.ts';
import { childOf, operandOf } from '../object/fields-v1.ts';
import { optional, timeOf } from '../object/optional-facts.ts';
import { indexOfItems } from './item-index.ts';

/** Who owns the field at a path, by `managedFields`; the last writer first. */
export type OwnersAt = (path: string) => readonly FieldOwner[];

/** Finds the owners of the fields of an object. The paths are those of `flatten` with the same shape. */
export function ownersIn(object: ServerObject, shape: Shape): OwnersAt {
  const byPath = new Map<string, FieldOwner[]>();
  for (const entry of recordsOf(fieldsOf(object.metadata).managedFields)) {
    const owner = ownerOf(entry);
    visit(fieldsOf(entry.fieldsV1), object, '', shape, (path) => {
      const known = byPath.get(path);
      if (known === undefined) byPath.set(path, [owner]);
      else if (!known.includes(owner)) known.push(owner);
    });
  }
  return (path) => (nearest(byPath, path) ?? []).toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0));
}

function ownerOf({ manager, operation, subresource, time }: Readonly<Record<string, unknown>>): FieldOwner {
  return {
    manager: textOf(manager),
    operation: operation === 'Apply' ? 'Apply' : 'Update',
    ...optional('subresource', textOf(subresource) || undefined),
    ...optional('at', timeOf(time)),
  };
}

function visit(
  owned: Readonly<Record<string, unknown>>,
  value: unknown,
  path: string,
  shape: Shape | undefined,
  own: (path: string) => void,
): void {
  const items = Array.isArray(value) ? namedItems(value, shape) : undefined;
  for (const [element, inner] of Object.entries(owned)) {
    // The field itself, beside others below it.
    if (element === '.') continue;
    // A member of a set, which is shown as one value.
    if (element.startsWith('v:')) {
      own(path);
      continue;
    }
    const item = items?.(element);
    const child = items ? item?.value : childOf(value, element);
    if (child === undefined) continue;
    const below = item
      ? { path: `${path}[${item.name}]`, shape: shape?.item }
      : { path: pathOf(path, element.slice(2)), shape: shape?.fields.get(element.slice(2)) };
    if (isFields(inner) && Object.keys(inner).some((each) => each !== '.')) visit(inner, child, below.path, below.shape, own);
    else own(below.path);
  }
}

/** Items that leave a key to its default are looked for one by one; a schema has few of them. */
const MAX_SEARCHES = 100;

/** Finds the items of a list by their elements in a set of fields: `k:{"name":"web"}`. */
function namedItems(list: readonly unknown[], shape: Shape | undefined) {
  const names = itemNames(list, shape?.keys);
  const find = indexOfItems(list);
  let searches = 0;
  const indexOf = (element: string): number => {
    const found = element.startsWith('k:') ? find(fieldsOf(operandOf(element))) : undefined;
    if (found !== undefined) return found;
    searches += 1;
    return searches > MAX_SEARCHES ? -1 : list.indexOf(childOf(list, element));
  };
  return (element: string): { readonly value: unknown; readonly name: string } | undefined => {
    const index = indexOf(element);
    return index < 0 ? undefined : { value: list[index], name: names?.[index] ?? '' };
  };
}

/** Longer paths, and values deeper within an atomic one, have no owner that is shown: each prefix has to be looked up. */
const MAX_PATH = 512;
const MAX_PREFIXES = 32;

/** Of the field, or of the atomic value that it is part of. */
function nearest(byPath: ReadonlyMap<string, FieldOwner[]>, path: string): readonly FieldOwner[] | undefined {
  const whole = byPath.get(path);
  if (whole || path.length > MAX_PATH) return whole;
  let prefixes = 0;
  for (let end = path.length - 1; end > 0 && prefixes < MAX_PREFIXES; end -= 1) {
    if (path[end] !== '.' && path[end] !== '[') continue;
    prefixes += 1;
    const found = byPath.get(path.slice(0, end));
    if (found) return found;
  }
  return undefined;
}
