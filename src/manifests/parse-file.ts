import { hash } from 'node:crypto';
import { dumpYaml, FluxError, nodeAt, parseYamlDocuments, type YamlDocument } from '../base/index.ts';
import type { KubeObject } from '../resource/index.ts';
import { checkObject, isMap } from './check.ts';
import { type ObjectSource, objectsOf } from './objects.ts';
import type { DocumentProblem } from './problem.ts';

/** What a file holds, whatever its path; kept by blob id. */
export interface ParsedFile {
  readonly objects: readonly ParsedObject[];
  readonly errors: readonly DocumentProblem[];
  readonly warnings: readonly DocumentProblem[];
}

export interface ParsedObject {
  readonly object: KubeObject;
  readonly checksum: string;
  readonly document: number;
  readonly line: number;
  readonly item?: number;
}

/** One object of this size, as JSON, no API server takes (its limit on a request is 3 MiB). */
export const MAX_OBJECT_BYTES = 3 << 20;
/** A file of garbage makes no more errors than this; the number of the rest is told. */
const MAX_PROBLEMS = 100;

/**
 * Reads the objects of a file. Whatever is wrong with one document or object ends in an error for it alone. `pause` is called
 * with the length of each document read, so that a long file does not hold up everything else.
 */
export async function parseFile(text: string, pause: (length: number) => Promise<void>): Promise<ParsedFile> {
  const findings: Findings = { objects: [], errors: [], warnings: [] };
  for (const document of parseYamlDocuments(text)) {
    if (document.error) {
      const { number, line, column, error } = document;
      findings.errors.push({ document: number, line, column, error });
    } else readDocument(document, findings);
    await pause(document.text.length);
  }
  return { objects: findings.objects, errors: bounded(findings.errors), warnings: bounded(findings.warnings) };
}

interface Findings {
  readonly objects: ParsedObject[];
  readonly errors: DocumentProblem[];
  readonly warnings: DocumentProblem[];
}

function readDocument(document: YamlDocument, findings: Findings): void {
  for (const { message, line, column } of document.warnings) {
    const help = 'Remove one of them.';
    const error = new FluxError(message, { code: 'manifests/duplicate-key', fault: 'user', help });
    findings.warnings.push({ document: document.number, line, column, error });
  }
  for (const source of objectsOf(document)) readObject(document, source, findings);
}

function readObject(document: YamlDocument, source: ObjectSource, { objects, errors, warnings }: Findings): void {
  const { value, node, item } = source;
  if (value === null && item === undefined) return;
  const place = { document: document.number, ...(item === undefined ? {} : { item }) };
  const at = (path: readonly (string | number)[]) => document.position(Math.max(0, nodeAt(node, path).start));
  const aside = setAside(value, item !== undefined);
  if (aside) {
    const problem = { ...place, ...at([]), error: aside.error };
    (aside.severity === 'error' ? errors : warnings).push(problem);
    return;
  }
  const checked = checkObject(value);
  if ('refusal' in checked) {
    const { code, message, help, path, id } = checked.refusal;
    const error = new FluxError(message, { code, fault: 'user', help });
    errors.push({ ...place, ...at(path), ...(id === undefined ? {} : { id }), error });
    return;
  }
  // The node's size is an estimate from below by at most a factor of three (escapes, UTF-8).
  const bytes = node.size > MAX_OBJECT_BYTES / 3 ? Buffer.byteLength(JSON.stringify(checked.object)) : 0;
  if (bytes > MAX_OBJECT_BYTES) {
    errors.push({ ...place, ...at([]), error: tooLarge(checked.object, bytes) });
    return;
  }
  const checksum = hash('sha1', dumpYaml(checked.object), 'hex');
  objects.push({ object: checked.object, checksum, ...place, line: at([]).line });
}

/** Documents that are no manifests to apply, and say so by their shape. */
function setAside(
  value: ObjectSource['value'],
  inList: boolean,
): { readonly severity: 'error' | 'warning'; readonly error: FluxError } | undefined {
  if (!isMap(value)) return undefined;
  if (isMap(value.sops) && typeof value.sops.mac === 'string') {
    const help = 'Decryption (--sops) is not built yet; the document is refused rather than applied encrypted.';
    return {
      severity: 'error',
      error: new FluxError('document is encrypted by SOPS', { code: 'manifests/encrypted', fault: 'user', help }),
    };
  }
  if ((value.kind === undefined || value.kind === null) && !inList) {
    const help =
      'It is left out. If it should be a manifest, give it apiVersion and kind; otherwise move it out of the --git-path.';
    // What looks like a manifest that lost its kind must not have its object taken for one that left Git.
    const looksLikeManifest = value.apiVersion !== undefined && value.metadata !== undefined;
    return {
      severity: looksLikeManifest ? 'error' : 'warning',
      error: new FluxError('document has no kind', { code: 'manifests/no-kind', fault: 'user', help }),
    };
  }
  if (typeof value.apiVersion === 'string' && value.apiVersion.startsWith('kustomize.config.k8s.io/')) {
    const help = 'It is input for kustomize, not an object for the cluster, and is left out.';
    return {
      severity: 'warning',
      error: new FluxError('kustomization is not built', { code: 'manifests/kustomization', fault: 'user', help }),
    };
  }
  return undefined;
}

function tooLarge({ kind, metadata }: KubeObject, bytes: number): FluxError {
  const size = (bytes / (1 << 20)).toFixed(1);
  return new FluxError(`${kind.toLowerCase()}/${metadata.name} is ${size} MiB large`, {
    code: 'manifests/object-too-large',
    fault: 'user',
    help: `An API server takes at most ${MAX_OBJECT_BYTES >> 20} MiB in one request. Split the object up.`,
  });
}

function bounded(problems: readonly DocumentProblem[]): readonly DocumentProblem[] {
  if (problems.length <= MAX_PROBLEMS) return problems;
  const error = new FluxError(`file has ${problems.length - MAX_PROBLEMS} more problems`, {
    code: 'manifests/more-problems',
    fault: 'user',
    help: 'Mend the first ones and look again.',
  });
  return [...problems.slice(0, MAX_PROBLEMS), { error }];
}
