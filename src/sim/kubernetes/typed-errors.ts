import { describeElement } from './field-set.ts';
import { isObject, type Json } from './json.ts';
import { ANY, childSchema, isLeaf, type Schema } from './schema.ts';
import { itemElement } from './typed.ts';

/** Why an apply's body does not match its schema, worded as in the structured-merge library; empty if it does. */
export function typedErrors(schema: Schema, value: Json, path = ''): readonly string[] {
  if (value === null) return [];
  switch (schema.type) {
    case 'any':
      return [];
    case 'struct':
    case 'map':
      if (!isObject(value)) return [`${path}: expected map, got ${shown(value)}`];
      return Object.entries(value).flatMap(([key, item]) => {
        const child = childSchema(schema, key);
        return child ? typedErrors(child, item, `${path}.${key}`) : [`${path}.${key}: field not declared in schema`];
      });
    case 'list':
      if (!Array.isArray(value)) return [`${path}: expected list, got ${shown(value)}`];
      return [...keyErrors(schema, value, path), ...value.flatMap((item, index) => itemErrors(schema, item, index, path))];
    case 'integer':
    case 'number':
      return typeof value === 'number' ? [] : [`${path}: expected numeric (int or float), got ${goType(value)}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got ${shown(value)}`];
    case 'quantity':
    case 'int-or-string':
      return typeof value === 'string' || typeof value === 'number' ? [] : [`${path}: expected scalar, got ${shown(value)}`];
    default:
      return typeof value === 'string' ? [] : [`${path}: expected string, got ${shown(value)}`];
  }
}

function itemErrors(schema: Schema, item: Json, index: number, path: string): readonly string[] {
  const element = isLeaf(schema, []) ? undefined : itemElement(schema, item);
  return typedErrors(schema.element ?? ANY, item, `${path}${element === undefined ? `[${index}]` : describeElement(element)}`);
}

function keyErrors(schema: Schema, list: readonly Json[], path: string): readonly string[] {
  if (isLeaf(schema, [])) return [];
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const element = itemElement(schema, item);
    if (element === undefined)
      return [`${path}: element ${index}: associative list with keys has an element that omits key field ${keyNames(schema)}`];
    if (seen.has(element)) return [`${path}: duplicate entries for key ${describeElement(element)}`];
    seen.add(element);
    return [];
  });
}

function keyNames(schema: Schema): string {
  return (schema.keys ?? []).map((key) => `"${key}"`).join(', ');
}

function goType(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  return isObject(value) ? 'map[string]interface {}' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function shown(value: Json): string {
  const text = Array.isArray(value)
    ? `[${value.join(' ')}]`
    : isObject(value)
      ? `map[${Object.keys(value).join(' ')}]`
      : `${value}`;
  return `&value.valueUnstructured{Value:${typeof value === 'string' ? JSON.stringify(text) : text}}`;
}
