import type { CustomTraits, Resource, Subresource } from './catalog.ts';
import { asList, asObject, asString, at, clone, equal, isObject, type Json, type JsonObject, setField } from './json.ts';
import type { KubeObject } from './object.ts';
import { ANY, type Field, type Schema } from './schema.ts';
import { type Cause, cause } from './status.ts';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

/** The resources of a CustomResourceDefinition, one for each version. */
export function resourcesOfDefinition(definition: KubeObject, objectMeta: Schema): readonly Resource[] {
  const spec = asObject(definition.spec);
  const names = asObject(spec.names);
  const group = asString(spec.group) ?? '';
  const kind = asString(names.kind) ?? '';
  return asList(spec.versions)
    .filter((version) => at(version, 'served') === true)
    .map((entry): Resource => {
      const version = asString(at(entry, 'name')) ?? '';
      const subresources = asObject(at(entry, 'subresources'));
      const own: Record<string, Subresource> = {};
      if (isObject(subresources.status)) own.status = { group, version, kind, verbs: ['get', 'patch', 'update'] };
      if (isObject(subresources.scale))
        own.scale = { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] };
      const shortNames = asList(names.shortNames) as string[];
      const categories = asList(names.categories) as string[];
      return {
        group,
        version,
        kind,
        plural: asString(names.plural) ?? '',
        singular: asString(names.singular) ?? kind.toLowerCase(),
        listKind: asString(names.listKind) ?? `${kind}List`,
        namespaced: spec.scope === 'Namespaced',
        verbs: VERBS,
        ...(shortNames.length > 0 ? { shortNames } : {}),
        ...(categories.length > 0 ? { categories } : {}),
        ...(Object.keys(own).length > 0 ? { subresources: own } : {}),
        schema: rootSchema(asObject(at(entry, 'schema', 'openAPIV3Schema')), objectMeta),
        custom: traitsOf(entry, subresources),
      };
    });
}

function traitsOf(version: Json, subresources: JsonObject): CustomTraits {
  const scale = asObject(subresources.scale);
  const path = (key: string) => (asString(scale[key]) ?? '').replace(/^\./, '');
  const columns = asList(at(version, 'additionalPrinterColumns')).filter(isObject);
  if (!isObject(subresources.scale)) return { columns };
  const selector = path('labelSelectorPath');
  return {
    columns,
    scale: { spec: path('specReplicasPath'), status: path('statusReplicasPath'), ...(selector === '' ? {} : { selector }) },
  };
}

function rootSchema(raw: JsonObject, objectMeta: Schema): Schema {
  const root = schemaOf({ ...raw, type: 'object' });
  const own = root.fields?.() ?? new Map<string, Field>();
  const fields = new Map<string, Field>([
    ...own,
    ['apiVersion', { schema: { type: 'string' } }],
    ['kind', { schema: { type: 'string' } }],
    ['metadata', { schema: objectMeta }],
  ]);
  return { ...root, type: 'struct', fields: () => fields };
}

/** Converts a structural schema (OpenAPI v3 with x-kubernetes-*) to the server's schema type. */
function schemaOf(raw: JsonObject): Schema {
  const common = {
    limits: raw,
    ...(raw.nullable === true ? { nullable: true } : {}),
    ...(raw['x-kubernetes-preserve-unknown-fields'] === true ? { preserveUnknown: true } : {}),
  };
  if (raw['x-kubernetes-int-or-string'] === true) return { ...common, type: 'int-or-string' };
  switch (raw.type) {
    case 'object': {
      const atomic = raw['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {};
      const values = raw.additionalProperties;
      if (isObject(values)) return { ...common, ...atomic, type: 'map', element: schemaOf(values) };
      if (values === true) return { ...common, ...atomic, type: 'map', element: ANY };
      const fields = new Map(
        Object.entries(asObject(raw.properties)).map(([name, value]) => {
          const field: Field = { schema: schemaOf(asObject(value)) };
          return [name, at(value, 'default') === undefined ? field : { ...field, default: at(value, 'default') ?? null }];
        }),
      );
      const embedded: [string, Field][] =
        raw['x-kubernetes-embedded-resource'] === true
          ? ['apiVersion', 'kind', 'metadata'].map((name) => [name, fields.get(name) ?? { schema: ANY }])
          : [];
      const all = new Map([...fields, ...embedded]);
      return { ...common, ...atomic, type: 'struct', fields: () => all, required: asList(raw.required) as string[] };
    }
    case 'array': {
      const element = schemaOf(asObject(raw.items));
      const kind = raw['x-kubernetes-list-type'];
      if (kind === 'map')
        return { ...common, type: 'list', element, keys: asList(raw['x-kubernetes-list-map-keys']) as string[] };
      return kind === 'set'
        ? { ...common, type: 'list', element, set: true }
        : { ...common, type: 'list', element, atomic: true };
    }
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return { ...common, type: raw.type };
    default:
      return { ...common, type: 'any' };
  }
}

/** Drops fields that are missing from the structural schema (reported in `unknown`) and fills its defaults. */
export function pruneAndDefault(schema: Schema, value: Json, unknown: string[], path = ''): Json {
  if (schema.type === 'list' && Array.isArray(value))
    return value.map((item, index) => pruneAndDefault(schema.element ?? ANY, item, unknown, `${path}[${index}]`));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  if (schema.type === 'map') {
    for (const [key, item] of Object.entries(value))
      setField(result, key, pruneAndDefault(schema.element ?? ANY, item, unknown, path === '' ? key : `${path}.${key}`));
    return result;
  }
  if (schema.type !== 'struct') return value;
  const fields = schema.fields?.() ?? new Map<string, Field>();
  for (const [key, item] of Object.entries(value)) {
    const where = path === '' ? key : `${path}.${key}`;
    const field = fields.get(key);
    // A null that is not allowed is replaced by the default, if there is one.
    if (field && item === null && field.default !== undefined && !field.schema.nullable) continue;
    if (field) setField(result, key, pruneAndDefault(field.schema, item, unknown, where));
    else if (schema.preserveUnknown) setField(result, key, item);
    else unknown.push(where);
  }
  for (const [key, field] of fields)
    if (field.default !== undefined && !Object.hasOwn(result, key))
      setField(result, key, pruneAndDefault(field.schema, clone(field.default), unknown, key));
  return result;
}

/** Schema violations of a custom object, as causes of a 422. */
export function validateCustom(schema: Schema, value: Json, path = ''): readonly Cause[] {
  if (value === null && schema.nullable) return [];
  const problem = typeProblem(schema, value, path);
  if (problem) return [problem];
  const causes = [...limitCauses(schema.limits ?? {}, value, path)];
  if (Array.isArray(value)) {
    causes.push(...value.flatMap((item, index) => validateCustom(schema.element ?? ANY, item, `${path}[${index}]`)));
  } else if (isObject(value) && schema.type === 'map') {
    for (const [key, item] of Object.entries(value))
      causes.push(...validateCustom(schema.element ?? ANY, item, `${path}.${key}`));
  } else if (isObject(value) && schema.type === 'struct') {
    for (const key of schema.required ?? [])
      if (!Object.hasOwn(value, key)) causes.push(cause(join(path, key), 'FieldValueRequired', ''));
    for (const [key, field] of schema.fields?.() ?? []) {
      const item = value[key];
      if (item !== undefined && !(path === '' && key === 'metadata'))
        causes.push(...validateCustom(field.schema, item, join(path, key)));
    }
  }
  return causes;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function typeProblem(schema: Schema, value: Json, path: string): Cause | undefined {
  const expected: Partial<Record<Schema['type'], [string, boolean]>> = {
    struct: ['object', isObject(value)],
    map: ['object', isObject(value)],
    list: ['array', Array.isArray(value)],
    string: ['string', typeof value === 'string'],
    boolean: ['boolean', typeof value === 'boolean'],
    integer: ['integer', typeof value === 'number' && Number.isInteger(value)],
    number: ['number', typeof value === 'number'],
    'int-or-string': ['integer,string', typeof value === 'string' || typeof value === 'number'],
  };
  const [type, fits] = expected[schema.type] ?? ['', true];
  if (fits) return undefined;
  const name = Array.isArray(value) ? 'array' : isObject(value) ? 'object' : value === null ? 'null' : typeof value;
  const got = name === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : name;
  return {
    reason: 'FieldValueTypeInvalid',
    message: `Invalid value: ${JSON.stringify(got)}: ${path} in body must be of type ${type}: ${JSON.stringify(got)}`,
    field: path,
  };
}

function limitCauses(limits: JsonObject, value: Json, path: string): readonly Cause[] {
  const bad = (detail: string) => cause(path, 'FieldValueInvalid', `${path} in body ${detail}`, value);
  const causes: Cause[] = [];
  const choices = limits.enum;
  if (Array.isArray(choices) && !choices.some((choice) => equal(choice, value)))
    causes.push(
      cause(
        path,
        'FieldValueNotSupported',
        `supported values: ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
        value,
      ),
    );
  if (typeof value === 'number') {
    const { minimum, maximum } = limits;
    if (typeof minimum === 'number' && value < minimum) causes.push(bad(`should be greater than or equal to ${minimum}`));
    if (typeof maximum === 'number' && value > maximum) causes.push(bad(`should be less than or equal to ${maximum}`));
  }
  if (typeof value === 'string') {
    const { pattern, minLength, maxLength } = limits;
    if (typeof pattern === 'string' && !new RegExp(pattern).test(value)) causes.push(bad(`should match '${pattern}'`));
    if (typeof minLength === 'number' && value.length < minLength) causes.push(bad(`should be at least ${minLength} chars long`));
    if (typeof maxLength === 'number' && value.length > maxLength)
      causes.push(cause(path, 'FieldValueTooLong', `may not be more than ${maxLength} bytes`));
  }
  if (Array.isArray(value)) {
    const { minItems, maxItems } = limits;
    if (typeof minItems === 'number' && value.length < minItems) causes.push(bad(`should have at least ${minItems} items`));
    if (typeof maxItems === 'number' && value.length > maxItems)
      causes.push(cause(path, 'FieldValueTooLong', `must have at most ${maxItems} items`));
  }
  return causes;
}
