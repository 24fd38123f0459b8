import { isUtf8 } from 'node:buffer';
import { FluxError, isJsonMap, parseYamlDocuments, type YamlDocument } from '../base/index.ts';
import { decodeText } from './decode.ts';
import type { Finding, ParsedFile } from './finding.ts';
import { takeOrigin } from './kustomize/origins.ts';
import { MAX_DOCUMENTS, MAX_PROBLEMS } from './limits.ts';
import { type ObjectSource, objectsOf } from './objects.ts';
import { type FilePatch, type FilePatches, patchName, readPatches, unusedPatch, withPatch } from './patch/patch-file.ts';
import type { DocumentProblem } from './problem.ts';
import { readObject } from './read-object.ts';
import { Substitution } from './substitution/substitution.ts';
import { VARIABLE_START, type Variables } from './substitution/variables.ts';
import { type Written, whereIn } from './written.ts';

/** The bytes of a file, and whether its name ends in .json: many such files are not manifests. */
export interface FileContent {
  readonly bytes: Uint8Array;
  readonly isJson: boolean;
  /** The text of a file with patches of the objects. One that is wrong, or that no object has a part in, is an error without a place. */
  readonly patches?: string;
  /** The namespace that objects and patches mean which name none; without it, they mean none. */
  readonly namespace?: string;
  /** The same file as it is in Git, if `bytes` were decrypted: places are those in it. */
  readonly encrypted?: Uint8Array;
  /** Whether objects have an annotation of kustomize that names their origin, which is no part of them. */
  readonly hasOrigins?: boolean;
  /** Variables of its scalars; without them, it has none. */
  readonly variables?: Variables | undefined;
}

/**
 * Parses the objects of a file one by one. An invalid document or object does not affect others; the number of documents and problems is
 * limited (limits.ts).
 */
export function* findingsOf(content: FileContent): Generator<Finding, void> {
  let errors = 0;
  let warnings = 0;
  for (const finding of unbounded(content)) {
    if (finding.kind === 'error' && ++errors > MAX_PROBLEMS) {
      yield { kind: 'error', problem: { ...placeOf(finding.problem), error: tooManyErrors() } };
      return;
    }
    if (finding.kind === 'warning' && ++warnings > MAX_PROBLEMS) {
      if (warnings === MAX_PROBLEMS + 1) yield { kind: 'warning', problem: { error: moreWarnings() } };
      continue;
    }
    yield finding;
  }
}

/** Parses a complete file synchronously. */
export function parseFile(content: FileContent): ParsedFile {
  const findings = [...findingsOf(content)];
  return {
    objects: findings.flatMap((finding) => (finding.kind === 'object' ? finding.object : [])),
    errors: findings.flatMap((finding) => (finding.kind === 'error' ? finding.problem : [])),
    warnings: findings.flatMap((finding) => (finding.kind === 'warning' ? finding.problem : [])),
  };
}

function* unbounded(content: FileContent): Generator<Finding, void> {
  const { bytes, isJson, patches = '', namespace, hasOrigins = false, variables } = content;
  let text: string;
  let encrypted: string | undefined;
  let read: FilePatches;
  try {
    text = decodeText(bytes);
    // What git-secret hides is no text.
    encrypted = content.encrypted && isUtf8(content.encrypted) ? decodeText(content.encrypted) : undefined;
    read = readPatches(patches, namespace);
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    yield { kind: 'error', problem: { error } };
    return;
  }
  if (isJson && !text.includes('"apiVersion"')) yield { kind: 'warning', problem: { error: noManifest() } };
  else {
    const substitution = variables && text.includes(VARIABLE_START) ? new Substitution(variables) : undefined;
    yield* readDocuments(text, { encrypted, patches: read, namespace, hasOrigins, substitution });
  }
}

interface ReadingOptions {
  readonly encrypted: string | undefined;
  readonly patches: FilePatches;
  readonly namespace: string | undefined;
  readonly hasOrigins: boolean;
  readonly substitution: Substitution | undefined;
}

function* readDocuments(text: string, options: ReadingOptions): Generator<Finding, void> {
  const { encrypted, patches, namespace, hasOrigins, substitution } = options;
  const patched = new Set<string>();
  const asInGit = encrypted === undefined ? undefined : parseYamlDocuments(encrypted);
  for (const document of parseYamlDocuments(text)) {
    const { number } = document;
    const inGit: Written = asInGit?.next().value ?? document;
    if (number > MAX_DOCUMENTS) {
      yield { kind: 'error', problem: { document: number, error: tooManyDocuments() } };
      return;
    }
    if (document.error) {
      yield { kind: 'error', problem: { document: number, ...whereIn(inGit, []), error: document.error } };
      continue;
    }
    for (const { message, line, column } of document.warnings) {
      const help = 'Remove one of them.';
      const error = new FluxError(message, { code: 'manifests/duplicate-key', fault: 'user', help });
      const place = inGit === document ? { line, column } : whereIn(inGit, []);
      yield { kind: 'warning', problem: { document: number, ...place, error } };
    }
    for (const source of objectsOf(document)) {
      const name = patches.size === 0 ? undefined : patchName(source.value, namespace);
      if (name !== undefined) patched.add(name);
      const patch = name === undefined ? undefined : patches.get(name);
      const finding = patch
        ? readPatched(document, source, { patch, substitution })
        : hasOrigins
          ? readWithOrigin(document, source, substitution)
          : readObject(document, source, { inGit, substitution });
      if (finding) yield finding;
    }
  }
  const unused = unusedPatch(patches, patched);
  if (unused) yield { kind: 'error', problem: { error: unused } };
}

function readPatched(
  document: YamlDocument,
  source: ObjectSource,
  { patch, substitution }: { readonly patch: FilePatch; readonly substitution: Substitution | undefined },
): Finding | undefined {
  try {
    if (!isJsonMap(source.value)) return undefined;
    return readObject(document, { ...source, value: withPatch(source.value, patch) }, { substitution });
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    return { kind: 'error', problem: { document: document.number, error } };
  }
}

function readWithOrigin(
  document: YamlDocument,
  source: ObjectSource,
  substitution: Substitution | undefined,
): Finding | undefined {
  if (!isJsonMap(source.value)) return readObject(document, source, { substitution });
  const { object, origin } = takeOrigin(source.value);
  const finding = readObject(document, { ...source, value: object }, { substitution });
  return finding?.kind === 'object' && origin !== undefined ? { ...finding, object: { ...finding.object, origin } } : finding;
}

/** The location where reading stopped, without an object. */
function placeOf({ document, line }: DocumentProblem): DocumentProblem | object {
  return { ...(document === undefined ? {} : { document }), ...(line === undefined ? {} : { line }) };
}

function tooManyErrors(): FluxError {
  return new FluxError(`file has more than ${MAX_PROBLEMS} errors`, {
    code: 'manifests/more-problems',
    fault: 'user',
    help: 'The rest of the file is not read. Fix the first errors and sync again.',
  });
}

function moreWarnings(): FluxError {
  return new FluxError(`file has more than ${MAX_PROBLEMS} warnings`, {
    code: 'manifests/more-problems',
    fault: 'user',
    help: 'Only the first ones are shown. Fix them and sync again.',
  });
}

function tooManyDocuments(): FluxError {
  return new FluxError(`file has more than ${MAX_DOCUMENTS} documents`, {
    code: 'manifests/too-many-documents',
    fault: 'user',
    help: 'The rest of the file is not read. Split it up.',
  });
}

function noManifest(): FluxError {
  return new FluxError('JSON file does not contain a Kubernetes object', {
    code: 'manifests/no-kind',
    fault: 'user',
    help: 'It has no "apiVersion" and is skipped. To silence this warning, move it out of the --git-path.',
  });
}
