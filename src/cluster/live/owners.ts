import type { FieldOwner } from '../../change/index.ts';
import { isFields } from '../../resource/index.ts';
import { itemNames, pathOf, type ServerObject, type Shape } from '../diff/flatten.ts';
import { fieldsOf, recordsOf, textOf } from '../object/fields.ts';
import { childOf } from '../object/fields-v1.ts';
import { optional, timeOf } from '../object/optional-facts.ts';

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
  for (const [element, inner] of Object.entries(owned)) {
    // The field itself, beside others below it.
    if (element === '.') continue;
    // A member of a set, which is shown as one value.
    if (element.startsWith('v:')) {
      own(path);
      continue;
    }
    const child = childOf(value, element);
    if (child === undefined) continue;
    const below = element.startsWith('f:')
      ? { path: pathOf(path, element.slice(2)), shape: shape?.fields.get(element.slice(2)) }
      : { path: `${path}[${nameIn(value, child, shape)}]`, shape: shape?.item };
    if (isFields(inner) && Object.keys(inner).some((each) => each !== '.')) visit(inner, child, below.path, below.shape, own);
    else own(below.path);
  }
}

function nameIn(list: unknown, item: unknown, shape: Shape | undefined): string {
  const items = Array.isArray(list) ? list : [];
  return itemNames(items, shape?.keys)?.[items.indexOf(item)] ?? '';
}

/** Of the field, or of the atomic value that it is part of. */
function nearest(byPath: ReadonlyMap<string, FieldOwner[]>, path: string): readonly FieldOwner[] | undefined {
  for (let end = path.length; end > 0; end -= 1) {
    if (end < path.length && path[end] !== '.' && path[end] !== '[') continue;
    const found = byPath.get(path.slice(0, end));
    if (found) return found;
  }
  return undefined;
}
