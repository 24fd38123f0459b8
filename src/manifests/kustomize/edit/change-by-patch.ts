import { posix } from 'node:path';
import { dumpYaml, FluxError, isJsonMap, type JsonMap } from '../../../base/index.ts';
import type { KubeObject } from '../../../resource/index.ts';
import { documentsWithContent } from '../../documents-with-content.ts';
import type { ObjectChange } from '../../object-change.ts';
import { patchName } from '../../patch/patch-file.ts';
import { PATCH_FILE } from '../../patch/patch-text.ts';
import { objectKey } from '../../units/object-key.ts';
import { originsOf } from '../build.ts';
import { editKustomizationText } from './edit-text.ts';
import { cannotEdit, type KustomizeEditOptions, type KustomizeTrial, kustomizationText } from './kustomize-trial.ts';
import { type PatchName, patchNames } from './patch-names.ts';

/**
 * Changes an object in the patch file of the kustomization, and refers to the file if nothing does.
 * @throws FluxError `kustomize/cannot-edit`
 */
export async function changeByPatch(trial: KustomizeTrial, change: ObjectChange, options: KustomizeEditOptions): Promise<void> {
  const { unit, cancel } = trial;
  const path = posix.join(unit.directory, PATCH_FILE);
  const text = await kustomizationText(trial);
  const referring = editKustomizationText(text, { kind: 'patch-reference', path: PATCH_FILE });
  if (referring === undefined) return cannotEdit(unit, `${PATCH_FILE} cannot be added to its patches`);
  const kustomization = kustomizationOf(text);
  const object = await unpatched(trial, change.manifest.object, kustomization);
  const patches = (await trial.read(path)) ?? '';
  // Of the likeliest name: kustomize does not know the object by all of them.
  let why: string | undefined;
  for (const name of await namesOf(trial, change.manifest.object, kustomization, options)) {
    const named = renamed(object, name);
    const key = patchName(named);
    if (key === undefined) continue;
    try {
      const edited = await options.thread.change(
        patches,
        { kind: 'patches', generated: dumpYaml(named), changes: [{ name: key, change: change.change }], dialect: 'kustomize' },
        cancel.signal,
      );
      // kustomize rejects a file without a patch, but not a patch that changes nothing.
      const content = documentsWithContent(edited).length > 0 ? edited : dumpYaml(identityOf(named));
      const edits = [{ path, content }, ...(referring === text ? [] : [{ path: unit.configFile, content: referring }])];
      const difference = await trial.attempt(edits, [change]);
      if (difference === undefined) return;
      why ??= difference;
    } catch (error) {
      cancel.signal?.throwIfAborted();
      if (!(error instanceof FluxError)) throw error;
      why ??= error.message;
    }
  }
  cannotEdit(unit, why ?? 'no patch finds the object');
}

/** The object as it is built without the patch file, which is what its patches are for. */
async function unpatched(trial: KustomizeTrial, object: KubeObject, { patches, ...others }: JsonMap): Promise<KubeObject> {
  if (!Array.isArray(patches) || !patches.some(isOurs)) return trial.rendered(object).object;
  const left = patches.filter((each) => !isOurs(each));
  const content = dumpYaml({ ...others, ...(left.length === 0 ? {} : { patches: left }) });
  return (await trial.renderedWith(object, [{ path: trial.unit.configFile, content }])).object;
}

function isOurs(patch: unknown): boolean {
  return isJsonMap(patch) && patch.path === PATCH_FILE;
}

async function namesOf(
  trial: KustomizeTrial,
  object: KubeObject,
  kustomization: JsonMap,
  options: KustomizeEditOptions,
): Promise<readonly PatchName[]> {
  const { unit, tree, cancel } = trial;
  const origin = (await originsOf(unit, tree, options, cancel)).get(objectKey(object));
  const source = origin === undefined ? undefined : await trial.read(posix.join(unit.directory, origin));
  return patchNames(object, kustomization, source);
}

function kustomizationOf(text: string): JsonMap {
  const [document] = documentsWithContent(text);
  return document && !document.error && isJsonMap(document.value) ? document.value : {};
}

function identityOf({ apiVersion = null, kind = null, metadata }: JsonMap): JsonMap {
  const { name = null, namespace = null } = isJsonMap(metadata) ? metadata : {};
  return { apiVersion, kind, metadata: { name, ...(namespace === null ? {} : { namespace }) } };
}

function renamed(object: KubeObject, { name, namespace }: PatchName): JsonMap {
  const { namespace: _, ...metadata } = object.metadata;
  const value: unknown = { ...object, metadata: { ...metadata, name, ...(namespace === undefined ? {} : { namespace }) } };
  if (!isJsonMap(value)) throw new Error('an object is no map');
  return value;
}
