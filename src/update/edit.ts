import { FluxError, hasCode, messageOf } from '../base/index.ts';
import { createManifests, type EditedRevision, type EditTarget, type FileChange, type ObjectChange } from '../manifests/index.ts';
import type { FileText } from '../repository/index.ts';
import { formatPlace, isRendered, type Manifest, type ManifestPlace, type ResourceId } from '../resource/index.ts';
import { type UpdateContext, untimed } from './context.ts';
import type { UpdateResult, WorkloadResult } from './spec.ts';
import { verifyEdits, verifyRevision } from './verify.ts';

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
   * The changed files, sorted by path, after reading them again and verifying that they have the changes, and no others.
   * @throws FluxError `update/verification-failed`.
   */
  finish(): Promise<readonly FileText[]>;
}

export function createEditor({
  readFile,
  desired = createManifests(),
  revision,
  timed = untimed,
  signal,
}: Omit<EditContext, 'manifests'>): Editor {
  const asked: ObjectChange[] = [];
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
      asked.push(...changes);
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
          throw editFailed(first.id, first.manifest.place, error);
        }
      }
      return hasChanged;
    },
    async finish() {
      const changed = [...now]
        .map(([path, content]) => ({ path, content, before: before.get(path) }))
        .filter((file) => file.before !== file.content)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      const files = [...written].map((path) => {
        const old = before.get(path) ?? '';
        return { path, before: old, content: now.get(path) ?? old };
      });
      await timed('verify_changes', async () => {
        if (units.size === 0) return verifyEdits(files, asked, desired, cancel);
        const was = await desired.readEdited(editedRevision(revision, []), cancel);
        const is = await desired.readEdited(editedRevision(revision, edited()), cancel);
        await verifyRevision(was, is, asked, units, cancel);
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
  return editor.finish();
}

/** Attempts to find the workloads of one unit that cannot be edited; each runs commands. */
const MAX_ATTEMPTS = 16;

/**
 * Tries the workloads of each file and unit apart from the others, marks those that cannot be edited as failed, and returns the first
 * error. Those of one unit are tried together, then by halves; what is still together after some attempts fails together.
 */
async function failApart(
  results: Map<ResourceId, WorkloadResult>,
  { timed: _, ...context }: EditContext,
): Promise<FluxError | undefined> {
  let first: FluxError | undefined;
  const changed = [...results].filter(([, result]) => targetsOf(result).size > 0);
  for (const together of Map.groupBy(changed, ([id]) => triedWith(id, context.manifests.get(id))).values()) {
    const waiting = [together];
    for (let attempts = 0, next = waiting.shift(); next; next = waiting.shift()) {
      attempts += 1;
      try {
        await writeImages(new Map(next), context);
      } catch (error) {
        if (!isOfWorkload(error)) throw error;
        const middle = Math.ceil(next.length / 2);
        if (next.length > 1 && attempts + waiting.length + 2 <= MAX_ATTEMPTS) {
          waiting.push(next.slice(0, middle), next.slice(middle));
          continue;
        }
        first ??= error;
        for (const [id] of next) results.set(id, { Status: 'failed', Error: error.message, PerContainer: null });
      }
    }
  }
  return first;
}

/** Workloads of a file are tried one by one, since that runs nothing. */
function triedWith(id: ResourceId, manifest: Manifest | undefined): string {
  return manifest && isRendered(manifest.place) ? sourceOf(manifest.place) : id;
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

function editFailed(id: ResourceId, place: ManifestPlace, error: unknown): FluxError {
  const where = isRendered(place) ? place.unit : formatPlace(place);
  const byHand = isRendered(place)
    ? `${id} is rendered by what ${place.file} says: edit the sources that it names`
    : `The file is ${where}; edit it by hand`;
  return new FluxError(`updating resource ${id} in ${where}: ${messageOf(error)}`, {
    code: 'update/edit-failed',
    fault: error instanceof FluxError ? error.fault : 'server',
    help: `Nothing was committed. ${byHand}, or fix the problem in the message and retry.\n`,
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
