import { isDeepStrictEqual } from 'node:util';
import { dumpYaml, FluxError, isJsonMap, type JsonMap, parseYamlDocuments } from '../../base/index.ts';
import { isKubeObject, type KubeObject } from '../../resource/index.ts';
import { editAnnotations } from '../edit-annotations.ts';
import { editContainerImages } from '../edit-image.ts';
import { type EditTarget, notFound } from '../locate.ts';
import { objectsOf } from '../objects.ts';
import { spliceDocument } from '../splice-document.ts';
import { editFailed } from '../verify.ts';
import { addToText } from './add-to-text.ts';
import type { PatchDialect } from './dialect.ts';
import { diffObjects, widenPatch } from './patch.ts';
import { type FilePatch, kindOf, patchName, readPatches, withPatch } from './patch-file.ts';

/** A change of one object that is generated. */
export interface PatchedChange {
  /** As a patch names it. */
  readonly name: string;
  readonly change:
    | { readonly kind: 'images'; readonly images: ReadonlyMap<string, string> }
    | { readonly kind: 'annotations'; readonly annotations: ReadonlyMap<string, string | null> };
}

/**
 * The text of a patch file after changes of objects, those of one object in their order. In the patch of a person the place is changed;
 * if it has none, the place is added. Where its layout does not allow that, its document is rewritten with all its fields, without its
 * comments. A document that fluxd wrote is rewritten as Flux v1 writes it. Other documents keep every byte.
 * @throws FluxError `generation/bad-patch`, `manifests/not-found`, `manifests/edit-failed`, or as `editContainerImages` and
 * `editAnnotations` do
 */
export function editPatchFile(
  text: string,
  generated: string,
  changes: readonly PatchedChange[],
  dialect: PatchDialect = 'kubernetes',
): string {
  const objects = new Map<string, JsonMap>();
  for (const document of parseYamlDocuments(generated)) {
    if (document.error) continue;
    for (const { value } of objectsOf(document)) {
      const name = patchName(value);
      if (name !== undefined && isJsonMap(value)) objects.set(name, value);
    }
  }
  return [...changes]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .reduce((edited, change) => editOne(edited, objects.get(change.name), change, dialect), text);
}

function editOne(text: string, object: JsonMap | undefined, change: PatchedChange, dialect: PatchDialect): string {
  if (!object) throw notFound(change.name);
  const patch = readPatches(text).get(change.name);
  const before = patch ? withPatch(object, patch, dialect) : object;
  const wanted = changed(before, change.change);
  if (isDeepStrictEqual(wanted, before)) return text;
  if (!patch || isOwn(patch, object, before, dialect))
    return replaceDocument(text, patch, patchDocument(object, wanted, dialect));
  return addTo(partsOf(change).reduce(editInPlace, text), object, wanted, change, dialect);
}

/** Adds to a person's patch what it lacks to make the wanted object; what it has stays. */
function addTo(text: string, object: JsonMap, wanted: JsonMap, { name }: PatchedChange, dialect: PatchDialect): string {
  const patch = readPatches(text).get(name);
  if (!patch) throw notFound(name);
  if (isDeepStrictEqual(withPatch(object, patch, dialect), wanted)) return text;
  const wider = widenPatch(kindOf(object), object, patch.patch, wanted, dialect);
  if (!wider) throw editFailed(targetOf(patch.document.number, object));
  const { document } = patch;
  const edits = addToText(document.text, document.root, patch.patch, wider);
  const edited = edits && spliceDocument(text, document, edits);
  return edited !== undefined && isDeepStrictEqual(readPatches(edited).get(name)?.patch, wider)
    ? edited
    : replaceDocument(text, patch, dumpYaml(wider));
}

/** An object of a revision as it should be. */
export function changedObject(object: KubeObject, change: PatchedChange['change']): KubeObject {
  const value: unknown = object;
  const wanted = isJsonMap(value) && changed(value, change);
  if (!isKubeObject(wanted)) throw new Error('an edited object is none');
  return wanted;
}

/** The object as it should be; its text is edited as that of a file would be. */
function changed(object: JsonMap, change: PatchedChange['change']): JsonMap {
  const [document] = parseYamlDocuments(applyTo(dumpYaml(object), 1, object, change));
  if (!document || document.error || !isJsonMap(document.value)) throw new Error('an edited object is none');
  return document.value;
}

function applyTo(text: string, document: number, object: JsonMap, change: PatchedChange['change']): string {
  const target = targetOf(document, object);
  if (change.kind === 'annotations') return editAnnotations(text, target, change.annotations);
  return editContainerImages(
    text,
    [...change.images].map(([container, image]) => ({ target, container, image })),
  );
}

function targetOf(document: number, { kind, metadata }: JsonMap): EditTarget {
  return { document, kind: String(kind), name: isJsonMap(metadata) ? String(metadata.name) : '' };
}

/** Whether it is what fluxd would write, so that nothing of a person is lost. */
function isOwn({ document: { text } }: FilePatch, object: JsonMap, before: JsonMap, dialect: PatchDialect): boolean {
  return text.replace(/^---\n/, '') === patchDocument(object, before, dialect);
}

/** One change for each place. */
function partsOf({ name, change }: PatchedChange): readonly PatchedChange[] {
  if (change.kind === 'images')
    return [...change.images].map((image) => ({ name, change: { kind: 'images', images: new Map([image]) } }));
  return [...change.annotations].map((each) => ({ name, change: { kind: 'annotations', annotations: new Map([each]) } }));
}

/** The same edit of the patch, which has the place if it was changed before; the same text if it has not. */
function editInPlace(text: string, { name, change }: PatchedChange): string {
  const patch = readPatches(text).get(name);
  if (!patch) throw notFound(name);
  try {
    return applyTo(text, patch.document.number, patch.patch, change);
  } catch (error) {
    if (error instanceof FluxError) return text;
    throw error;
  }
}

/** The patch with what names its object; undefined if nothing differs. */
function patchDocument(object: JsonMap, wanted: JsonMap, dialect: PatchDialect): string | undefined {
  const { apiVersion = null, kind = null, metadata } = object;
  const patch = diffObjects(kindOf(object), object, wanted, dialect);
  if (Object.keys(patch).length === 0) return undefined;
  const { name = null, namespace = null } = isJsonMap(metadata) ? metadata : {};
  const changes = isJsonMap(patch.metadata) ? patch.metadata : {};
  return dumpYaml({
    ...patch,
    apiVersion,
    kind,
    metadata: { ...changes, name, ...(namespace === null ? {} : { namespace }) },
  });
}

function replaceDocument(text: string, patch: FilePatch | undefined, written: string | undefined): string {
  if (!patch) {
    if (written === undefined) return text;
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}---\n${written}`;
  }
  const { offset, text: old } = patch.document;
  const [before, after] = [text.slice(0, offset), text.slice(offset + old.length)];
  return `${before}${written === undefined ? '' : `${old.startsWith('---') ? '---\n' : ''}${written}`}${after}`;
}
