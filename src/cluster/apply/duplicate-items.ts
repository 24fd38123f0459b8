import { isDeepStrictEqual } from 'node:util';
import { FluxError } from '../../base/index.ts';
import { isFields, type KubeObject } from '../../resource/index.ts';

/**
 * In server-side apply, lists with keyed items may have each key only once, whereas `kubectl apply` accepted duplicates. The API server's
 * error contains list and key (`.spec.template.spec.containers[name="web"].env: duplicate entries for key [name="A"]`), so no schema is
 * needed here: duplicate items are merged as the kubelet interprets them.
 */
export interface Merged {
  readonly body: KubeObject;
  readonly warnings: readonly FluxError[];
}

const BETWEEN = ': duplicate entries for key ';

/** The body with merged duplicates; undefined if the error contains none, or contradictory ones. */
export function mergeDuplicates(body: KubeObject, refusal: string): Merged | undefined {
  const copy = unshared(body);
  const warnings = new Map<string, FluxError>();
  for (const [path, key] of named(refusal)) {
    const list = listAt(copy, path);
    const wanted = parseKey(key);
    if (!list || !wanted) return undefined;
    const name = `${path}${key}`.slice(1);
    const how = mergeIn(list.items, wanted, list.field);
    if (how === 'contradiction') return undefined;
    if (how !== 'single') warnings.set(name, duplicateWarning(name, how));
  }
  return warnings.size === 0 ? undefined : { body: copy, warnings: [...warnings.values()] };
}

/** A deep copy without shared objects, which YAML aliases may create. */
export function unshared(body: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(body)) as KubeObject;
}

/** The lists and keys in an error. */
function named(refusal: string): readonly (readonly [path: string, key: string])[] {
  const parts = refusal.split(BETWEEN);
  return parts.slice(1).map((after, index) => {
    const path = parts[index]?.split(' ').at(-1) ?? '';
    return [path, KEY.exec(after)?.[0] ?? ''] as const;
  });
}

const KEY = /^\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\]/;

type Key = Readonly<Record<string, unknown>> | { readonly '': unknown };

/** Merges the items of one key in place. Returns a description for the warning; `single` if there is only one item. */
function mergeIn(items: unknown[], key: Key, field: string): string | 'contradiction' | 'single' {
  const exact = items.flatMap((item, index) => (hasKey(item, key, false) ? [index] : []));
  // A missing part of the key has the schema's default: `protocol: TCP`.
  const found = exact.length > 1 ? exact : items.flatMap((item, index) => (hasKey(item, key, true) ? [index] : []));
  const twins = found.map((index) => items[index]);
  const [first] = found;
  const last = found.at(-1);
  if (first === undefined || last === undefined || first === last) return 'single';
  const same = twins.every((twin) => isDeepStrictEqual(twin, twins[0]));
  const rule = same ? undefined : RULES.find((each) => each.field === field && (!each.key || Object.hasOwn(key, each.key)));
  const one = same ? twins[0] : rule?.merge(twins);
  if (one === undefined) return 'contradiction';
  // Items between them may refer to the variable, and the last one may refer to them.
  const at = field === 'env' && JSON.stringify(one).includes('$(') ? last : first;
  items[at] = one;
  for (const index of found.toReversed()) if (index !== at) items.splice(index, 1);
  return rule ? rule.note : 'identical, merged into one';
}

/** How the kubelet interprets different items with the same key. For other lists, `kubectl apply` fails as well. */
const RULES: readonly {
  readonly field: string;
  readonly key?: string;
  readonly merge: (items: readonly unknown[]) => unknown;
  readonly note: string;
}[] = [
  { field: 'env', merge: (items) => items.at(-1), note: 'the last one counts, as in a container' },
  {
    field: 'ports',
    key: 'containerPort',
    merge: (items) => Object.assign({}, ...items),
    note: 'taken as one port; of what they say differently the last counts',
  },
  {
    field: 'hostAliases',
    merge: (items) => ({
      ...(items[0] as object),
      hostnames: [...new Set(items.flatMap((item) => (isFields(item) && Array.isArray(item.hostnames) ? item.hostnames : [])))],
    }),
    note: 'the host names of all are taken',
  },
  { field: 'secrets', merge: (items) => items.at(-1), note: 'the last one counts' },
];

function hasKey(item: unknown, key: Key, orDefault: boolean): boolean {
  if ('' in key) return item === key[''];
  if (!isFields(item)) return false;
  const fields = Object.entries(key);
  const given = fields.filter(([field]) => item[field] !== undefined);
  if (given.length === 0 || (given.length < fields.length && !orDefault)) return false;
  return given.every(([field, value]) => item[field] === value);
}

/** The list that a path of the API server leads to, and the name of its field. */
function listAt(object: unknown, path: string): { readonly items: unknown[]; readonly field: string } | undefined {
  let at: unknown = object;
  let field = '';
  let rest = path;
  while (rest !== '') {
    const step = /^\.([^.[]+)|^(\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\])/.exec(rest);
    if (!step) return undefined;
    rest = rest.slice(step[0].length);
    if (step[1] !== undefined) {
      field = step[1];
      at = isFields(at) && Object.hasOwn(at, field) ? at[field] : undefined;
    } else if (Array.isArray(at)) {
      const index = /^\[(\d+)\]$/.exec(step[0]);
      const key = index ? undefined : parseKey(step[0]);
      at = index ? at[Number(index[1])] : key && at.find((item) => hasKey(item, key, true));
    } else return undefined;
  }
  return Array.isArray(at) ? { items: at, field } : undefined;
}

/** `[containerPort=80,protocol="TCP"]` as an object; `[="x"]`, an item of a set, under the empty name. */
function parseKey(text: string): Key | undefined {
  const key: Record<string, unknown> = {};
  let rest = text.slice(1, -1);
  while (rest !== '') {
    const part = /^,?([A-Za-z0-9_$-]*)=("(?:[^"\\]|\\.)*"|[^,"]+)/.exec(rest);
    if (!part) return undefined;
    rest = rest.slice(part[0].length);
    try {
      key[part[1] ?? ''] = JSON.parse(part[2] ?? '');
    } catch {
      return undefined;
    }
  }
  return key;
}

function duplicateWarning(name: string, how: string): FluxError {
  return new FluxError(`${name} is given more than once: ${how}`, {
    code: 'cluster/duplicate-item',
    fault: 'user',
    help: 'Keep one of them in the file.',
  });
}
