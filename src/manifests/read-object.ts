import { hash } from 'node:crypto';
import { dumpYaml, FluxError, isJsonMap, type JsonMap, type YamlDocument } from '../base/index.ts';
import type { KubeObject } from '../resource/index.ts';
import { checkObject } from './check-object.ts';
import type { Finding } from './finding.ts';
import { MAX_OBJECT_BYTES, MAX_OBJECT_VALUES } from './limits.ts';
import type { ObjectSource } from './objects.ts';
import type { SubstitutedValue, Substitution } from './substitution/substitution.ts';
import { weigh } from './weight.ts';
import { type Written, whereIn } from './written.ts';

/** How a value is read besides its document. */
export interface ObjectOptions {
  /** The document as it is in Git, which places are those of; by default what is read. */
  readonly inGit?: Written;
  /** The variables that it may have; without it, it has none. */
  readonly substitution?: Substitution | undefined;
}

/** Interprets one value of a document: an object, a skipped document, or an error; undefined for an empty document. */
export function readObject(
  document: YamlDocument,
  source: ObjectSource,
  { inGit = document, substitution }: ObjectOptions = {},
): Finding | undefined {
  const { value, node, item } = source;
  if (value === null && item === undefined) return undefined;
  const place = { document: document.number, ...(item === undefined ? {} : { item }) };
  const at = (path: readonly (string | number)[]) => whereIn(inGit, [...source.path, ...path]);
  if (isMereList(value)) return undefined;
  const aside = setAside(value, item !== undefined);
  if (aside) return { kind: aside.severity, problem: { ...place, ...at([]), error: aside.error } };
  let substituted: SubstitutedValue | undefined;
  try {
    substituted = substitution?.apply(source);
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    return { kind: 'error', problem: { ...place, ...at([]), error: inGit === document ? error : inDecrypted(error) } };
  }
  const checked = checkObject(substituted?.value ?? value);
  if ('refusal' in checked) {
    const { code, message, help, path, id } = checked.refusal;
    const error = new FluxError(message, { code, fault: 'user', help });
    return { kind: 'error', problem: { ...place, ...at(path), ...(id === undefined ? {} : { id }), error } };
  }
  const { object } = checked;
  const { values, bytes, heapBytes, isExact } = weigh(substituted?.value ?? value, node.size + (substituted?.added ?? 0));
  if (values > MAX_OBJECT_VALUES || bytes > MAX_OBJECT_BYTES)
    return { kind: 'error', problem: { ...place, ...at([]), error: tooLarge(object, values, bytes) } };
  // What others may see of an object must not let them guess the value of a Secret.
  const checksum =
    substitution && substituted?.hasSecret
      ? hash('sha1', `${dumpYaml(value)}\0${substitution.version}`, 'hex')
      : hash('sha1', dumpYaml(object), 'hex');
  return { kind: 'object', isExact, object: { object, checksum, ...place, line: at([]).line, bytes: heapBytes } };
}

/** Whether a kustomization only lists files of its folder, which are applied without it as well. */
function isMereList(value: ObjectSource['value']): boolean {
  if (!isJsonMap(value) || !isKustomization(value)) return false;
  const { apiVersion: _, kind: __, metadata: ___, resources = [], ...others } = value;
  const isHere = (path: unknown) => typeof path === 'string' && !/^\.\.|\/\.\.|:/.test(path);
  return Object.keys(others).length === 0 && Array.isArray(resources) && resources.every(isHere);
}

function isKustomization({ apiVersion }: JsonMap): boolean {
  return typeof apiVersion === 'string' && apiVersion.startsWith('kustomize.config.k8s.io/');
}

/** Recognises documents that are not manifests to apply. */
function setAside(
  value: ObjectSource['value'],
  inList: boolean,
): { readonly severity: 'error' | 'warning'; readonly error: FluxError } | undefined {
  if (!isJsonMap(value)) return undefined;
  if (isJsonMap(value.sops) && typeof value.sops.mac === 'string') {
    const help =
      'It is refused rather than applied encrypted. fluxd decrypts what sops encrypted if it is started with --sops; a file to preview is not decrypted.';
    return {
      severity: 'error',
      error: new FluxError('document is encrypted by SOPS', { code: 'manifests/encrypted', fault: 'user', help }),
    };
  }
  if ((value.kind === undefined || value.kind === null) && !inList) {
    const help = 'It is skipped. If it should be a manifest, add apiVersion and kind; otherwise move it out of the --git-path.';
    // The object of a manifest that lost its kind must not look as if it was removed from Git.
    const looksLikeManifest = value.apiVersion !== undefined && value.metadata !== undefined;
    return {
      severity: looksLikeManifest ? 'error' : 'warning',
      error: new FluxError('document has no kind', { code: 'manifests/no-kind', fault: 'user', help }),
    };
  }
  if (isKustomization(value)) {
    const help = 'It is input for kustomize, not an object for the cluster, and is skipped.';
    return {
      severity: 'warning',
      error: new FluxError('kustomization is not built', { code: 'manifests/kustomization', fault: 'user', help }),
    };
  }
  return undefined;
}

/** What looks like a variable may be part of a secret. */
function inDecrypted({ code, fault }: FluxError): FluxError {
  return new FluxError('a variable in a decrypted value has no value that may be there', {
    code,
    fault,
    help: 'Nothing is quoted of what was encrypted. Give all its variables a value, or annotate the object with fluxcd.io/substitute: disabled.',
  });
}

function tooLarge({ kind, metadata }: KubeObject, values: number, bytes: number): FluxError {
  const size =
    values > MAX_OBJECT_VALUES ? `has more than ${MAX_OBJECT_VALUES} values` : `is ${(bytes / (1 << 20)).toFixed(1)} MiB large`;
  return new FluxError(`${kind.toLowerCase()}/${metadata.name} ${size}`, {
    code: 'manifests/object-too-large',
    fault: 'user',
    help: `An API server accepts at most ${MAX_OBJECT_BYTES >> 20} MiB in one request, and Flux at most ${MAX_OBJECT_VALUES} values in one object. Split it up.`,
  });
}
