import { isJsonMap, type JsonMap, type JsonValue } from '../base/index.ts';
import {
  formatResourceId,
  isDnsLabel,
  isKubeObject,
  type KubeObject,
  podSpecPath,
  type ResourceId,
  valueAt,
} from '../resource/index.ts';

/** Why a value is not accepted as an object. */
export interface Refusal {
  readonly code: string;
  /** Message for display, subject first. */
  readonly message: string;
  readonly help: string;
  /** Path of the error in the value. */
  readonly path: readonly (string | number)[];
  readonly id?: ResourceId;
}

const KIND = /^[A-Za-z](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const API_VERSION = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Kubernetes' general rule for names (a path segment); most kinds have stricter ones, which the API server checks. */
const MAX_NAME = 253;

/**
 * Validates what Flux itself relies on: the fields that identify an object, and labels and annotations, which map strings to strings in
 * Kubernetes. The API server validates the rest. `null` fields of the metadata count as absent, as on the server.
 */
export function checkObject(value: JsonValue): { readonly object: KubeObject } | { readonly refusal: Refusal } {
  if (!isJsonMap(value))
    return { refusal: refuse([], 'value is not an object', 'A manifest is a map with apiVersion, kind and metadata.') };
  const refusal = checkType(value) ?? checkMetadata(value) ?? checkContainers(value);
  if (!refusal) {
    if (!isKubeObject(value)) throw new TypeError('an object without identity passed the checks');
    return { object: value };
  }
  const id = idOf(value);
  const subject = id === undefined ? 'object' : describe(value);
  return { refusal: { ...refusal, message: `${subject} ${refusal.message}`, ...(id === undefined ? {} : { id }) } };
}

function checkType(object: JsonMap): Refusal | undefined {
  if (object.kind === undefined || object.kind === null)
    return refuse([], 'has no kind', 'Every manifest needs apiVersion, kind and metadata.name.');
  if (typeof object.kind !== 'string' || !KIND.test(object.kind))
    return refuse(
      ['kind'],
      `has a kind that is ${typeName(object.kind, 'not a valid kind')}`,
      'A kind is a single word, for example Deployment.',
    );
  if (object.apiVersion === undefined || object.apiVersion === null)
    return refuse([], 'has no apiVersion', 'Every manifest needs apiVersion, kind and metadata.name.');
  if (typeof object.apiVersion !== 'string' || !API_VERSION.test(object.apiVersion))
    return refuse(
      ['apiVersion'],
      `has an apiVersion that is ${typeName(object.apiVersion, 'not a valid API version')}`,
      'Examples: v1, apps/v1.',
    );
  return undefined;
}

function checkMetadata(object: JsonMap): Refusal | undefined {
  const { metadata } = object;
  if (metadata === undefined || metadata === null) return refuse([], 'has no metadata', 'Add metadata with a name.');
  if (!isJsonMap(metadata))
    return refuse(['metadata'], `has metadata that is ${typeName(metadata)}, not a map`, 'Check the indentation below metadata.');
  return checkName(metadata) ?? checkNamespace(metadata) ?? checkTexts(metadata, 'annotations') ?? checkTexts(metadata, 'labels');
}

function checkName({ name, generateName }: JsonMap): Refusal | undefined {
  if (name === undefined || name === null || name === '') {
    if (generateName === undefined) return refuse(['metadata'], 'has no metadata.name', 'Give it a name.');
    const help = 'A sync must find the same object again, so every manifest needs a fixed metadata.name.';
    return refuse(['metadata', 'generateName'], 'has generateName instead of a name', help);
  }
  if (typeof name !== 'string')
    return refuse(['metadata', 'name'], `has a metadata.name that is ${typeName(name)}, not text`, 'Put the name in quotes.');
  if (name.length > MAX_NAME)
    return refuse(['metadata', 'name'], `has a metadata.name of ${name.length} characters`, `At most ${MAX_NAME} are allowed.`);
  if (name === '.' || name === '..' || /[/%\s\p{C}]/u.test(name))
    return refuse(
      ['metadata', 'name'],
      'has a metadata.name that Kubernetes does not allow',
      'Names must not contain "/", "%" or spaces, and must not be "." or "..".',
    );
  return undefined;
}

function checkNamespace(metadata: JsonMap): Refusal | undefined {
  const { namespace } = metadata;
  if (namespace === undefined) return undefined;
  if (namespace === null || namespace === '') {
    delete metadata.namespace;
    return undefined;
  }
  const path = ['metadata', 'namespace'];
  if (typeof namespace !== 'string')
    return refuse(
      path,
      `has a metadata.namespace that is ${typeName(namespace)}, not text`,
      'Put it in quotes: Kubernetes parses n, no, y, yes, on and off in YAML as booleans.',
    );
  if (!isDnsLabel(namespace))
    return refuse(
      path,
      'has a metadata.namespace that Kubernetes does not allow',
      'Use at most 63 lower-case letters, digits and "-".',
    );
  return undefined;
}

function checkTexts(metadata: JsonMap, field: 'annotations' | 'labels'): Refusal | undefined {
  const map = metadata[field];
  if (map === undefined) return undefined;
  if (map === null) {
    delete metadata[field];
    return undefined;
  }
  if (!isJsonMap(map))
    return refuse(['metadata', field], `has ${field} that are ${typeName(map)}, not a map`, 'Write them as key: value lines.');
  for (const [key, value] of Object.entries(map)) {
    if (typeof value === 'string') continue;
    if (value !== null) {
      const help = `Values of ${field} must be text. Put the value in quotes, for example ${key}: ${typeof value === 'boolean' ? `'${value}'` : "'1'"}.`;
      return refuse(['metadata', field, key], `has ${field.slice(0, -1)} ${key} that is ${typeName(value)}, not text`, help);
    }
    // As in kubectl: an annotation without a value is empty; a label without a value is invalid, which applying reports.
    if (field === 'annotations') map[key] = '';
  }
  return undefined;
}

/** A container whose name is not text would be invisible to releases and listings until the API server rejects the object. */
function checkContainers(object: JsonMap): Refusal | undefined {
  const podSpec = podSpecPath(object);
  const spec = podSpec && valueAt(object, podSpec);
  if (!podSpec || !isJsonMap(spec)) return undefined;
  for (const list of ['containers', 'initContainers']) {
    const containers = spec[list];
    if (!Array.isArray(containers)) continue;
    for (const [index, container] of containers.entries()) {
      const name = isJsonMap(container) ? container.name : undefined;
      if (name === undefined || name === null || typeof name === 'string') continue;
      const help = 'Put it in quotes: Kubernetes parses y, n, yes, no, on and off in YAML as booleans, and 1 as a number.';
      return refuse([...podSpec, list, index, 'name'], `has a container with a name that is ${typeName(name)}, not text`, help);
    }
  }
  return undefined;
}

function refuse(path: readonly (string | number)[], message: string, help: string): Refusal {
  return { code: 'manifests/bad-object', path, message, help: `This object is refused; others are not affected. ${help}` };
}

function typeName(value: JsonValue, otherwise = 'text'): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isJsonMap(value)) return 'a map';
  return typeof value === 'string' ? otherwise : `a ${typeof value}`;
}

function idOf({ kind, metadata }: JsonMap): ResourceId | undefined {
  if (typeof kind !== 'string' || !isJsonMap(metadata) || typeof metadata.name !== 'string') return undefined;
  const { name, namespace } = metadata;
  return formatResourceId({
    kind,
    name: name.slice(0, MAX_NAME),
    namespace: typeof namespace === 'string' ? namespace : undefined,
  });
}

function describe({ kind, metadata }: JsonMap): string {
  const name = isJsonMap(metadata) && typeof metadata.name === 'string' ? metadata.name.slice(0, MAX_NAME) : '';
  return `${String(kind).toLowerCase()}/${name}`;
}
