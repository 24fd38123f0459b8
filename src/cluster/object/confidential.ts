import { FluxError } from '../../base/index.ts';
import {
  type Confidential,
  confidentialIn,
  isFields,
  type KubeObject,
  type Manifest,
  mostConfidential,
  parseApiVersion,
} from '../../resource/index.ts';
import { withoutSecretData } from '../connection/status-error.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import type { Fields } from './fields.ts';
import { CHECKSUM_ANNOTATION } from './ownership.ts';

/** What says in metadata whether the object in the cluster is confidential; absent without an object. */
type Marked = { readonly annotations?: Readonly<Record<string, unknown>> } | undefined;

/** An object, and its manifest unless it is to be deleted. */
interface Subject {
  readonly manifest?: Manifest;
  readonly resource: Pick<ApiResource, 'kind'>;
  readonly name: string;
}

/** How confidential the object in the cluster is, by what fluxd wrote on it when it was applied. */
export function confidentialLive(live: Marked): Confidential | undefined {
  const checksum = live?.annotations?.[CHECKSUM_ANNOTATION];
  return typeof checksum === 'string' ? confidentialIn(checksum) : undefined;
}

/** How confidential an object is that is compared: what is in the cluster may be from an encrypted file that Git has no more. */
export function confidentialOf({ confidential }: Pick<Manifest, 'confidential'>, live: Marked): Confidential | undefined {
  return mostConfidential(confidential, confidentialLive(live));
}

/** How much of an object is hidden from people who look at it: a Secret counts as confidential, from any file. */
export function hiddenBy(object: KubeObject, confidential: Confidential | undefined): Confidential | undefined {
  const isSecret = object.kind === 'Secret' && parseApiVersion(object.apiVersion).group === '';
  return mostConfidential(confidential, isSecret ? 'values' : undefined);
}

/**
 * An error or warning about an object as it may be shown (S-074): API servers and webhooks quote the values that they reject. Of a Secret
 * its values are blanked; of a confidential object nothing is quoted.
 */
export function shownError(error: FluxError, { manifest, resource, name }: Subject, live: Marked): FluxError {
  if (OF_FLUX.has(error.code)) return error;
  const confidential = confidentialOf(manifest ?? {}, live);
  const { object = {} } = manifest ?? {};
  if (confidential) return withoutQuotes(error, object, confidential);
  return resource.kind === 'Secret' && !NAMES_FIELDS.has(error.code) ? withoutSecretData(error, object, name) : error;
}

/** The path of a field as it may be shown: items of lists are named by values. */
export function shownPath(path: string, confidential: Confidential | undefined): string {
  if (confidential === undefined) return path;
  return path.slice(0, path.search(confidential === 'all' ? /[.[ ]|$/ : /[[ ]|$/));
}

/** Paths of fields as they may be shown, each once. */
export function shownPaths(paths: readonly string[], confidential: Confidential | undefined): readonly string[] {
  return confidential === undefined ? paths : [...new Set(paths.map((path) => shownPath(path, confidential)))];
}

/** An object from the API server without the words that controllers put into its status, if it is confidential: they may quote it. */
export function withoutWords(object: Fields): Fields {
  const metadata = isFields(object.metadata) ? object.metadata : {};
  const { annotations } = metadata;
  if (confidentialLive(isFields(annotations) ? { annotations } : undefined) === undefined) return object;
  return { ...object, status: silenced(object.status) };
}

function silenced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(silenced);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === 'message' ? '' : silenced(each)]));
}

/** Errors in words of fluxd, which quote nothing of an object. */
const OF_FLUX: ReadonlySet<string> = new Set([
  'cluster/dependency-failed',
  'cluster/escalation',
  'cluster/not-gone',
  'cluster/server-set',
  'cluster/stopped',
  'cluster/unreachable',
]);
/** The same, but with paths of fields. */
const NAMES_FIELDS: ReadonlySet<string> = new Set(['cluster/duplicate-item', 'cluster/null']);

/** What API servers say about an object, each without any part of it. Of those that begin alike, the longest is first. */
const PHRASES = [
  'Duplicate value',
  'Forbidden',
  'Internal error',
  'Invalid value',
  'Not found',
  'Required value',
  'Too long',
  'Too many',
  'Unsupported value',
  'field is immutable',
  'field not declared in schema',
  'is immutable',
  'is forbidden',
  'unknown field',
  'illegal base64 data',
  'expected string',
  'expected map',
  'expected list',
  'expected numeric',
  'expected boolean',
  'duplicate entries for key',
  'duplicate field',
  'given more than once',
  'treated as an absent field',
  'a lowercase RFC 1123',
  'must be specified',
  'must be unique',
  'must be greater than',
  'must be less than',
  'may not be specified',
  'may not be empty',
  'updates to statefulset spec for fields other than',
  'pod updates may not change fields other than',
  'denied the request',
  'failed calling webhook',
  'does not support dry run',
  'exceeded quota',
  'violates PodSecurity',
  'is deprecated',
  'because it is being terminated',
  'the object has been modified',
  'already exists',
  'not found',
  'request is too large',
  'message larger than max',
  'connection refused',
  'timed out',
  'deadline exceeded',
  'not deleted to be recreated',
];

const UNQUOTED =
  'The object is made of an encrypted file, or of values of a Secret, so what the API server says of it is not quoted.';
const SAID = new RegExp(PHRASES.join('|'), 'g');
const PATH = /[\w$-]+(?:\[[^\]\s]{0,200}\]|\.[\w$-]+)*/g;
const MAX_PATHS = 10;
const IDENTITY: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

/** The error in phrases that API servers are known for, and names of fields that the manifest has. */
function withoutQuotes({ message, code, fault, help }: FluxError, object: Fields, confidential: Confidential): FluxError {
  const phrases = [...new Set(Array.from(message.matchAll(SAID), ([phrase]) => phrase))];
  const found = Array.from(message.matchAll(PATH), ([text]) => fieldIn(object, text, confidential)).filter((path) => path !== '');
  const paths = [...new Set(found)].filter((path) => !found.some((other) => other.startsWith(`${path}.`))).slice(0, MAX_PATHS);
  const said = phrases.length === 0 ? `rejected (${code})` : phrases.join(': ');
  return new FluxError(`${said}${paths.length === 0 ? '' : ` in ${paths.join(', ')}`}`, {
    code,
    fault,
    help: help?.endsWith(UNQUOTED) ? help : `${help === undefined ? '' : `${help} `}${UNQUOTED}`,
  });
}

/** As much of a text as is a path of fields of the object; empty if it begins with none. */
function fieldIn(object: Fields, text: string, confidential: Confidential): string {
  const known: string[] = [];
  let at: unknown = object;
  for (const step of text.split(/[.[\]]+/)) {
    const isThere = isFields(at) && Object.hasOwn(at, step);
    if (!isThere || (known.length === 0 && IDENTITY.has(step))) break;
    known.push(step);
    if (confidential === 'all') break;
    at = (at as Fields)[step];
  }
  return known.join('.');
}
