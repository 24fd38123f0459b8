import { FluxError, isJsonMap, type JsonMap, parseYamlDocuments, type YamlDocument } from '../../base/index.ts';
import type { PatchDialect } from './dialect.ts';
import { patchObject } from './patch.ts';

/** A document of a patch file. */
export interface FilePatch {
  readonly document: YamlDocument;
  readonly patch: JsonMap;
}

/** The patches of a file, by the object that each is for. */
export type FilePatches = ReadonlyMap<string, FilePatch>;

/**
 * Reads a patch file of Flux v1: documents with the kind and the name of an object, and the fields to change. The API version does not
 * matter. A namespace may be that of patches that name none.
 * @throws FluxError `generation/bad-patch` with the document
 */
export function readPatches(text: string, namespace?: string): FilePatches {
  const patches = new Map<string, FilePatch>();
  for (const document of parseYamlDocuments(text)) {
    if (document.error) throw badPatch(document.number, document.error.message);
    if (document.value === null) continue;
    const name = patchName(document.value, namespace);
    if (name === undefined || !isJsonMap(document.value))
      throw badPatch(document.number, 'it names no object by kind and metadata.name');
    if (patches.has(name)) throw badPatch(document.number, `it is the second for ${name}`);
    patches.set(name, { document, patch: document.value });
  }
  return patches;
}

/** The object with its patch. @throws FluxError `generation/bad-patch` with the document */
export function withPatch(object: JsonMap, { document, patch }: FilePatch, dialect: PatchDialect = 'kubernetes'): JsonMap {
  try {
    return patchObject(kindOf(object), object, patch, dialect);
  } catch (error) {
    throw error instanceof FluxError ? badPatch(document.number, error.message) : error;
  }
}

/** What the rules of its patches go by. */
export function kindOf({ apiVersion, kind }: JsonMap): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: String(apiVersion), kind: String(kind) };
}

/** How a patch names an object, as Flux v1 writes ids: `shop:deployment/cart`, with the namespace as written, or that of what names none. */
export function patchName(value: unknown, ofNone = '<cluster>'): string | undefined {
  if (!isJsonMap(value) || typeof value.kind !== 'string' || !isJsonMap(value.metadata)) return undefined;
  const { name, namespace } = value.metadata;
  if (typeof name !== 'string' || name === '') return undefined;
  return `${typeof namespace === 'string' && namespace !== '' ? namespace : ofNone}:${value.kind.toLowerCase()}/${name}`;
}

/** The error of the first patch that is for none of the objects, as in Flux v1. */
export function unusedPatch(patches: FilePatches, names: ReadonlySet<string>): FluxError | undefined {
  for (const [name, { document }] of patches)
    if (!names.has(name)) return badPatch(document.number, `patch refers to missing resource (${name})`);
  return undefined;
}

function badPatch(document: number, why: string): FluxError {
  return new FluxError(`document ${document} of its patch file: ${why}`, {
    code: 'generation/bad-patch',
    fault: 'user',
    help: 'The objects of this unit stay as they are, and nothing is deleted, until the patch file is fixed.',
  });
}
