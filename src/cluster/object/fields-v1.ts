import { isDeepStrictEqual } from 'node:util';
import { isFields } from '../../resource/index.ts';

/**
 * A set of fields as in `managedFields`: a tree whose keys are `f:name`, `k:{"name":"web"}` or `v:"value"`; a node is a member itself if
 * it is empty or contains `.`.
 */
export type FieldsV1 = Readonly<Record<string, unknown>>;

/** The union of two sets. */
export function unionFields(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const result: Record<string, unknown> = { ...a };
  for (const [element, below] of Object.entries(b)) {
    const other = result[element];
    result[element] = isFields(other) && isFields(below) ? unionNodes(other, below) : below;
  }
  return result;
}

function unionNodes(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const member = isMember(a) || isMember(b);
  const both = unionFields(a, b);
  // A member with members below it has a dot; a leaf is empty.
  const { '.': _, ...below } = both;
  return member && Object.keys(below).length > 0 ? { '.': {}, ...below } : below;
}

function isMember(node: FieldsV1): boolean {
  return Object.hasOwn(node, '.') || Object.keys(node).length === 0;
}

/** Splits a set into fields that a value has and those that it lacks. Either may be undefined, meaning empty. */
export function splitFields(
  fields: FieldsV1,
  value: unknown,
): { readonly inside: FieldsV1 | undefined; readonly outside: FieldsV1 | undefined } {
  const inside: Record<string, unknown> = {};
  const outside: Record<string, unknown> = {};
  for (const [element, below] of Object.entries(fields)) {
    if (element === '.') {
      inside[element] = below;
      continue;
    }
    const child = childOf(value, element);
    if (child === undefined || !isFields(below)) outside[element] = below;
    else if (Object.keys(below).length === 0) inside[element] = below;
    else {
      const split = splitFields(below, child);
      if (split.inside) inside[element] = split.inside;
      if (split.outside) outside[element] = split.outside;
    }
  }
  return { inside: nonEmpty(inside), outside: nonEmpty(outside) };
}

function nonEmpty(fields: FieldsV1): FieldsV1 | undefined {
  return Object.keys(fields).length === 0 ? undefined : fields;
}

/** The target of a path element in a value: a field, or the list item with this key or value. */
export function childOf(value: unknown, element: string): unknown {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return isFields(value) && Object.hasOwn(value, rest) ? value[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  const wanted = operandOf(element);
  if (element.startsWith('v:')) return value.find((item) => isDeepStrictEqual(item, wanted));
  if (!element.startsWith('k:') || !isFields(wanted)) return undefined;
  // Keys that a manifest omits have the schema's default.
  const keys = Object.entries(wanted);
  return value.find((item) => isFields(item) && keys.every(([key, each]) => item[key] === undefined || item[key] === each));
}

/** The value of `v:1`, the keys of `k:{"name":"web"}`; undefined for an invalid element. */
export function operandOf(element: string): unknown {
  try {
    return JSON.parse(element.slice(2));
  } catch {
    return undefined;
  }
}
