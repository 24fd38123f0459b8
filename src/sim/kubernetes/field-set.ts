import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * A set of field paths as a tree; the keys of the tree are the path elements of FieldsV1: `f:replicas`, `k:{"name":"app"}`,
 * `v:"finalizer"`. A node is a member itself, or only a parent of members.
 */
export interface FieldSet {
  member: boolean;
  readonly children: Map<string, FieldSet>;
}

export function emptySet(): FieldSet {
  return { member: false, children: new Map() };
}

/** The node at `element`, created if missing. */
export function childSet(set: FieldSet, element: string): FieldSet {
  let child = set.children.get(element);
  if (!child) {
    child = emptySet();
    set.children.set(element, child);
  }
  return child;
}

export function isEmptySet(set: FieldSet): boolean {
  if (set.member) return false;
  for (const child of set.children.values()) if (!isEmptySet(child)) return false;
  return true;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const other = children.get(element);
    children.set(element, other ? union(other, child) : child);
  }
  return { member: a.member || b.member, children };
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { member: a.member && b.member, children: new Map() };
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    const both = other && intersection(child, other);
    if (both && !isEmptySet(both)) result.children.set(element, both);
  }
  return result;
}

/** Members of `a` that are not members of `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { member: a.member && !b.member, children: new Map() };
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    const rest = other ? difference(child, other) : child;
    if (!isEmptySet(rest)) result.children.set(element, rest);
  }
  return result;
}

/** Like difference, but a member of `b` also removes everything below it. */
export function withoutSubtrees(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { member: a.member && !b.member, children: new Map() };
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other?.member) continue;
    const rest = other ? withoutSubtrees(child, other) : child;
    if (!isEmptySet(rest)) result.children.set(element, rest);
  }
  return result;
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  return isEmptySet(difference(a, b)) && isEmptySet(difference(b, a));
}

/** The set of the given paths; each path is a list of field names. */
export function setOfFields(...paths: readonly (readonly string[])[]): FieldSet {
  const set = emptySet();
  for (const path of paths) path.reduce((node, name) => childSet(node, `f:${name}`), set).member = true;
  return set;
}

export function fromFieldsV1(raw: JsonObject): FieldSet {
  const keys = Object.keys(raw);
  const set: FieldSet = { member: Object.hasOwn(raw, '.'), children: new Map() };
  for (const key of keys) {
    const value = raw[key];
    if (key === '.' || !isObject(value)) continue;
    const child = fromFieldsV1(value);
    // A leaf is {}, without the dot.
    set.children.set(key, Object.keys(value).length === 0 ? { member: true, children: new Map() } : child);
  }
  return set;
}

export function toFieldsV1(set: FieldSet): JsonObject {
  const raw: JsonObject = {};
  for (const element of [...set.children.keys()].sort()) {
    const child = set.children.get(element);
    if (!child || isEmptySet(child)) continue;
    const below = toFieldsV1(child);
    raw[element] = child.member && Object.keys(below).length > 0 ? { '.': {}, ...below } : below;
  }
  return raw;
}

/** Members in display form, parents before children: `.spec.template.spec.containers[name="app"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): readonly string[] {
  const children = [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
  const paths = children.map(([element, child]) => ({ path: prefix + describeElement(element), child }));
  return [
    ...paths.filter(({ child }) => child.member).map(({ path }) => path),
    ...paths.flatMap(({ path, child }) => pathsOf(child, path)),
  ];
}

export function describeElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, Json>);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}
