import { FluxError, hasCode, messageOf } from '../base/index.ts';
import { createManifests, type EditedRevision, type EditTarget, type FileChange, type ObjectChange } from '../manifests/index.ts';
import type { FileText } from '../repository/index.ts';
import { formatPlace, isRendered, type Manifest, type ManifestPlace, type ResourceId } from '../resource/index.ts';
import { type UpdateContext, untimed } from './context.ts';
import type { UpdateResult, WorkloadResult } from './spec.ts';
import { placeKey, verifyEdits, verifyRendered } from './verify.ts';

/** The outcome of planning an update, without commit message. */
export interface Planned {
  readonly result: UpdateResult;
  readonly edits: readonly FileText[];
  /** Why the first failed workload could not be edited, worded as in Flux v1's releases. */
  readonly failure?: FluxError | undefined;
}

type EditContext = Pick<UpdateContext, 'manifests' | 'readFile' | 'desired' | 'revision' | 'timed' | 'signal'>;

/** The texts of edited files. Edits accumulate: each builds on the previous ones. */
export interface Editor {
  /**
   * Edits objects in their sources; resolves to whether any byte changed. What several objects of a file share is edited once.
   * @throws FluxError `update/edit-failed` with object and place.
   */
  edit(changes: readonly ObjectChange[]): Promise<boolean>;
  /**
   * The changed files, sorted by path, after parsing them again and verifying that they match the results.
   * @throws FluxError `update/verification-failed`.
   */
  finish(results: ReadonlyMap<ResourceId, WorkloadResult>): Promise<readonly FileText[]>;
}

export function createEditor({
  manifests,
  readFile,
  desired = createManifests(),
  revision,
  timed = untimed,
  signal,
}: EditContext): Editor {
  const before = new Map<string, string>();
  const now = new Map<string, string>();
  /** Files that were edited as manifests; others are sources of the units. */
  const written = new Set<string>();
  const units = new Set<string>();
  const cancel = signal ? { signal } : {};
  let unreadable: { readonly error: unknown } | undefined;
  async function read(path: string): Promise<string> {
    const known = now.get(path) ?? before.get(path);
    if (known !== undefined) return known;
    try {
      const text = await readFile(path);
      before.set(path, text);
      return text;
    } catch (error) {
      unreadable = { error };
      throw error;
    }
  }
  const edited = () => [...now].map(([path, content]) => ({ path, content }));

  async function editTogether(changes: readonly ObjectChange[], { place }: Manifest): Promise<readonly FileText[]> {
    if (isRendered(place)) {
      units.add(place.unit);
      return desired.editUnit(place.unit, changes, editedRevision(revision, edited()), cancel);
    }
    written.add(place.file);
    const edits: FileText[] = [];
    for (const change of fileChanges(changes)) {
      for (const edit of await desired.edit(place.file, change, read, cancel)) {
        now.set(edit.path, edit.content);
        edits.push(edit);
      }
    }
    return edits;
  }

  return {
    async edit(changes) {
      let hasChanged = false;
      for (const together of Map.groupBy(changes, ({ manifest: { place } }) => sourceOf(place)).values()) {
        const [first] = together;
        if (!first) continue;
        try {
          const edits = await editTogether(together, first.manifest);
          for (const { path, content } of edits) now.set(path, content);
          hasChanged ||= edits.length > 0;
        } catch (error) {
          // Cancelling a job must not fail a workload, and neither must a file that is temporarily unreadable.
          signal?.throwIfAborted();
          if (unreadable !== undefined) throw unreadable.error;
          throw editFailed(first.id, formatPlace(first.manifest.place), error);
        }
      }
      return hasChanged;
    },
    async finish(results) {
      const changed = [...now]
        .map(([path, content]) => ({ path, content, before: before.get(path) }))
        .filter((file) => file.before !== file.content)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      const files = changed.filter(({ path }) => written.has(path)).map((file) => ({ ...file, before: file.before ?? '' }));
      const ids = new Map([...manifests].map(([id, manifest]) => [placeKey(manifest), id]));
      const expected = (manifest: Manifest) => targetsOf(results.get(ids.get(placeKey(manifest)) ?? ''));
      await timed('verify_changes', async () => {
        await verifyEdits(files, expected, desired);
        for (const unit of units) {
          const [was, is] = [
            await desired.readUnit(unit, editedRevision(revision, []), cancel),
            await desired.readUnit(unit, editedRevision(revision, edited()), cancel),
          ];
          verifyRendered(unit, was, is, expected);
        }
      });
      return changed.map(({ path, content }) => ({ path, content }));
    },
  };
}

/** What is edited together: places in a file may share a value through an anchor, and a unit runs its updaters once. */
function sourceOf(place: ManifestPlace): string {
  return isRendered(place) ? `unit ${place.unit}` : `file ${place.file}`;
}

function editedRevision(revision: UpdateContext['revision'], edits: readonly FileText[]): EditedRevision {
  if (revision === undefined) throw new Error('what a unit renders can be edited only in a revision');
  return { ...revision, edits };
}

/** All images of the file at once, then the annotations of each object. */
function fileChanges(changes: readonly ObjectChange[]): readonly FileChange[] {
  const images = changes.flatMap(({ manifest, change }) =>
    change.kind === 'images'
      ? [...change.images].map(([container, image]) => ({ target: targetOf(manifest), container, image }))
      : [],
  );
  const annotations = changes.flatMap(({ manifest, change }): readonly FileChange[] =>
    change.kind === 'annotations' ? [{ ...change, target: targetOf(manifest) }] : [],
  );
  return [...(images.length === 0 ? [] : [{ kind: 'images', images } as const]), ...annotations];
}

/**
 * Writes the images of all successful results to their files. A workload that cannot be edited fails without affecting the others.
 */
export async function editImages(
  results: Map<ResourceId, WorkloadResult>,
  context: EditContext,
): Promise<Pick<Planned, 'edits' | 'failure'>> {
  try {
    return { edits: await writeImages(results, context) };
  } catch (error) {
    if (!isOfWorkload(error)) throw error;
    const failure = await failApart(results, context);
    return { edits: await writeImages(results, context), failure: releaseFailed(failure ?? error) };
  }
}

/** Writes all images or none. @throws FluxError `update/edit-failed`, `update/verification-failed`. */
export async function writeImages(
  results: ReadonlyMap<ResourceId, WorkloadResult>,
  context: EditContext,
): Promise<readonly FileText[]> {
  const { timed = untimed } = context;
  const editor = createEditor(context);
  const changes = [...results].flatMap(([id, result]): readonly ObjectChange[] => {
    const manifest = context.manifests.get(id);
    const images = targetsOf(result);
    return manifest && images.size > 0 ? [{ id, manifest, change: { kind: 'images', images } }] : [];
  });
  if (changes.length > 0) await timed('write_changes', () => editor.edit(changes));
  return editor.finish(results);
}

/** Tries each workload alone, marks those that cannot be edited as failed, and returns the first error. */
async function failApart(
  results: Map<ResourceId, WorkloadResult>,
  { timed: _, ...context }: EditContext,
): Promise<FluxError | undefined> {
  let first: FluxError | undefined;
  for (const [id, result] of [...results]) {
    if (targetsOf(result).size === 0) continue;
    try {
      await writeImages(new Map([[id, result]]), context);
    } catch (error) {
      if (!isOfWorkload(error)) throw error;
      first ??= error;
      results.set(id, { Status: 'failed', Error: error.message, PerContainer: null });
    }
  }
  return first;
}

/** Whether an error concerns a workload. Others do not, such as a file that is temporarily unreadable. */
function isOfWorkload(error: unknown): error is FluxError {
  return hasCode(error, 'update/edit-failed', 'update/verification-failed');
}

/** Lines shift as edits accumulate; the numbers of documents and items do not. */
function targetOf({ place: { document, item }, object }: Manifest): EditTarget {
  return { document, ...(item === undefined ? {} : { item }), kind: object.kind, name: object.metadata.name };
}

/** The new images of a successful result, by container. */
function targetsOf(result: WorkloadResult | undefined): ReadonlyMap<string, string> {
  const updates = result?.Status === 'success' ? (result.PerContainer ?? []) : [];
  return new Map(updates.map(({ Container, Target }) => [Container, Target]));
}

function editFailed(id: ResourceId, place: string, error: unknown): FluxError {
  return new FluxError(`updating resource ${id} in ${place}: ${messageOf(error)}`, {
    code: 'update/edit-failed',
    fault: error instanceof FluxError ? error.fault : 'server',
    help: `Nothing was committed. The file is ${place}; edit it by hand, or fix the problem in the message and retry.\n`,
    cause: error,
  });
}

/** The same failure, worded as in Flux v1's releases. */
export function releaseFailed(error: FluxError): FluxError {
  if (error.code !== 'update/edit-failed') return error;
  const { message, code, fault, help = '', cause } = error;
  return new FluxError(`applying changes: ${message}`, {
    code,
    fault,
    help: `The release process failed, with this message:\n\n    ${message}\n\n${help}`,
    cause,
  });
}
