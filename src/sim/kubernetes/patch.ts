import { asList, equal, getField, isObject, type Json, type JsonObject, setField } from './json.ts';
import { ANY, childSchema, type Field, type Schema } from './schema.ts';
import { ApiError, badRequest } from './status.ts';

/** RFC 7386. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setField(result, key, mergePatch(getField(result, key), value));
  }
  return result;
}

function rejected(): ApiError {
  return new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

/** RFC 6902. Throws ApiError 422 if a path is missing or a test fails, 400 if an operation is malformed. */
export function jsonPatch(target: JsonObject, operations: Json): JsonObject {
  if (!Array.isArray(operations)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  const holder: JsonObject = { root: target };
  for (const operation of operations) {
    const { op, path, from, value } = isObject(operation) ? operation : {};
    if (typeof path !== 'string') throw badRequest('error decoding patch: an operation has no path');
    if (op === 'add') add(holder, path, value ?? null);
    else if (op === 'remove') remove(holder, path);
    else if (op === 'replace') replace(holder, path, value ?? null);
    else if (op === 'test') {
      if (!equal(find(holder, path), value ?? null)) throw rejected();
    } else if ((op === 'move' || op === 'copy') && typeof from === 'string') {
      const moved = find(holder, from);
      if (moved === undefined) throw rejected();
      if (op === 'move') remove(holder, from);
      add(holder, path, structuredClone(moved));
    } else throw badRequest(`Unexpected kind: ${String(op)}`);
  }
  return isObject(holder.root) ? holder.root : {};
}

function steps(path: string): readonly string[] {
  if (path !== '' && !path.startsWith('/')) throw rejected();
  return [
    'root',
    ...path
      .split('/')
      .slice(1)
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')),
  ];
}

function descend(value: Json | undefined, step: string): Json | undefined {
  if (Array.isArray(value)) return /^\d+$/.test(step) ? value[Number(step)] : undefined;
  return isObject(value) ? getField(value, step) : undefined;
}

function find(holder: JsonObject, path: string): Json | undefined {
  return steps(path).reduce<Json | undefined>(descend, holder);
}

function parentOf(holder: JsonObject, path: string): { parent: Json; last: string } {
  const all = steps(path);
  const parent = all.slice(0, -1).reduce<Json | undefined>(descend, holder);
  const last = all.at(-1);
  if (parent === undefined || last === undefined) throw rejected();
  return { parent, last };
}

function add(holder: JsonObject, path: string, value: Json): void {
  const { parent, last } = parentOf(holder, path);
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) throw rejected();
    parent.splice(index, 0, value);
  } else if (isObject(parent)) setField(parent, last, value);
  else throw rejected();
}

function replace(holder: JsonObject, path: string, value: Json): void {
  const { parent, last } = parentOf(holder, path);
  if (Array.isArray(parent)) {
    if (!(Number(last) < parent.length)) throw rejected();
    parent[Number(last)] = value;
  } else if (isObject(parent)) setField(parent, last, value);
  else throw rejected();
}

function remove(holder: JsonObject, path: string): void {
  const { parent, last } = parentOf(holder, path);
  if (descend(parent, last) === undefined) throw rejected();
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isObject(parent)) delete parent[last];
}

/**
 * A strategic merge patch: lists with a merge key merge item by item, `$patch: delete|replace`, `$deleteFromPrimitiveList`,
 * `$setElementOrder` and `$retainKeys` as kubectl sends them.
 */
export function strategicMerge(schema: Schema, target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const { $patch, $retainKeys, ...changes } = patch;
  if ($patch === 'replace') return changes;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  if (Array.isArray($retainKeys)) for (const key of Object.keys(result)) if (!$retainKeys.includes(key)) delete result[key];
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith('$setElementOrder/')) continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const name = key.slice('$deleteFromPrimitiveList/'.length);
      result[name] = asList(result[name]).filter((item) => !asList(value).includes(item));
      continue;
    }
    const child = childSchema(schema, key) ?? ANY;
    const field = schema.type === 'struct' ? schema.fields?.().get(key) : undefined;
    if (value === null) delete result[key];
    else if (isObject(value) && value.$patch === 'delete') delete result[key];
    else if (Array.isArray(value) && field?.patchMerge !== undefined)
      result[key] = mergeList(field, asList(result[key]), value, asList(changes[`$setElementOrder/${key}`]));
    else setField(result, key, Array.isArray(value) ? value : strategicMerge(child, getField(result, key), value));
  }
  return result;
}

function mergeList(field: Field, target: readonly Json[], patch: readonly Json[], order: readonly Json[]): Json[] {
  const key = field.patchMerge ?? '';
  if (key === '') return inOrder([...target, ...patch.filter((item) => !target.includes(item))], order, (item) => item);
  if (patch.some((item) => isObject(item) && item.$patch === 'replace'))
    return patch.filter((item) => !(isObject(item) && item.$patch === 'replace'));
  const keyOf = (item: Json) => (isObject(item) ? item[key] : undefined);
  let result = [...target];
  for (const item of patch) {
    const value = keyOf(item);
    if (value === undefined) throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = result.findIndex((other) => keyOf(other) === value);
    if (isObject(item) && item.$patch === 'delete') result = result.filter((other) => keyOf(other) !== value);
    else if (index < 0) result.push(strategicMerge(field.schema.element ?? ANY, undefined, item));
    else result[index] = strategicMerge(field.schema.element ?? ANY, result[index], item);
  }
  return inOrder(result, order, keyOf);
}

/** Items in `order` get its order; the others stay after their predecessors. */
function inOrder(items: readonly Json[], order: readonly Json[], keyOf: (item: Json) => Json | undefined): Json[] {
  if (order.length === 0) return [...items];
  const wanted = order.map((item) => (isObject(item) ? keyOf(item) : item));
  const rank = (item: Json) => wanted.indexOf(keyOf(item) ?? null);
  const ordered = items.filter((item) => rank(item) >= 0).sort((a, b) => rank(a) - rank(b));
  return items.map((item) => (rank(item) >= 0 ? (ordered.shift() ?? item) : item));
}
