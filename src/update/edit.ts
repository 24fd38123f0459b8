import { FluxError, hasCode, messageOf } from '../base/index.ts';
import { createManifests, type EditTarget, type FileChange } from '../manifests/index.ts';
import type { FileText } from '../repository/index.ts';
import { formatPlace, type Manifest, type ResourceId } from '../resource/index.ts';
import { type UpdateContext, untimed } from './context.ts';
import type { UpdateResult, WorkloadResult } from './spec.ts';
import { placeKey, verifyEdits } from './verify.ts';

/** The outcome of planning an update, without commit message. */
export interface Planned {
  readonly result: UpdateResult;
  readonly edits: readonly FileText[];
  /** Why the first failed workload could not be edited, worded as in Flux v1's releases. */
  readonly failure?: FluxError | undefined;
}

type EditContext = Pick<UpdateContext, 'manifests' | 'readFile' | 'desired' | 'timed' | 'signal'>;

/** The texts of edited files. Edits of one file accumulate: each builds on the previous ones. */
export interface Editor {
  /**
   * Edits one object in its sources; resolves to whether any byte changed.
   * @throws FluxError `update/edit-failed` with object and place.
   */
  edit(id: ResourceId, manifest: Manifest, change: FileChange): Promise<boolean>;
  /**
   * The changed files, sorted by path, after parsing them again and verifying that they match the results.
   * @throws FluxError `update/verification-failed`.
   */
  finish(results: ReadonlyMap<ResourceId, WorkloadResult>): Promise<readonly FileText[]>;
}

export function createEditor({ manifests, readFile, desired = createManifests(), timed = untimed, signal }: EditContext): Editor {
  const before = new Map<string, string>();
  const now = new Map<string, string>();
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
  return {
    async edit(id, { place }, change) {
      try {
        const edits = await desired.edit(place.file, change, read, signal ? { signal } : {});
        for (const { path, content } of edits) now.set(path, content);
        return edits.length > 0;
      } catch (error) {
        // Cancelling a job must not fail a workload, and neither must a file that is temporarily unreadable.
        signal?.throwIfAborted();
        if (unreadable !== undefined) throw unreadable.error;
        throw editFailed(id, formatPlace(place), error);
      }
    },
    async finish(results) {
      const edited = [...now]
        .map(([path, content]) => ({ path, content, before: before.get(path) ?? '' }))
        .filter((file) => file.before !== file.content)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      const ids = new Map([...manifests].map(([id, manifest]) => [placeKey(manifest), id]));
      await timed('verify_changes', () =>
        verifyEdits(edited, (manifest) => targetsOf(results.get(ids.get(placeKey(manifest)) ?? '')), desired),
      );
      return edited.map(({ path, content }) => ({ path, content }));
    },
  };
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
  const changes = [...results].flatMap(([id, result]) => {
    const manifest = context.manifests.get(id);
    return manifest ? [...targetsOf(result)].map(([container, image]) => ({ id, manifest, container, image })) : [];
  });
  // Edits a file once for all its changes, since places that share a value through an anchor may get the same image.
  const write = async () => {
    for (const inFile of Map.groupBy(changes, ({ manifest }) => manifest.place.file).values()) {
      const [first] = inFile;
      const images = inFile.map(({ manifest, container, image }) => ({ target: targetOf(manifest), container, image }));
      if (first) await editor.edit(first.id, first.manifest, { kind: 'images', images });
    }
  };
  if (changes.length > 0) await timed('write_changes', write);
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
export function targetOf({ place: { document, item }, object }: Manifest): EditTarget {
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
