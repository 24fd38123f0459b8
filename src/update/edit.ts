import { FluxError, messageOf } from '../base/index.ts';
import { type EditTarget, editContainerImage } from '../manifests/index.ts';
import { formatPlace, type Manifest, type ResourceId } from '../resource/index.ts';
import { type UpdateContext, untimed } from './context.ts';
import type { UpdateResult, WorkloadResult } from './spec.ts';
import { placeKey, verifyEdits } from './verify.ts';

/** A file with its whole new text. */
export interface FileEdit {
  readonly path: string;
  readonly content: string;
}

/** What an update comes to, before anybody says how it is to be recorded. */
export interface Planned {
  readonly result: UpdateResult;
  readonly edits: readonly FileEdit[];
}

type EditContext = Pick<UpdateContext, 'manifests' | 'readFile' | 'timed'>;

/** Texts of files under change. Edits of one file add up: a later one sees what an earlier one did. */
export interface Editor {
  /**
   * Changes one object in its file; resolves to whether any byte changed.
   * @throws FluxError `update/edit-failed` naming object and place.
   */
  edit(id: ResourceId, manifest: Manifest, change: (text: string, target: EditTarget) => string): Promise<boolean>;
  /**
   * The files that differ from what they were, by path, after they were read again and found to hold what the results say.
   * @throws FluxError `update/verification-failed`.
   */
  finish(results: ReadonlyMap<ResourceId, WorkloadResult>): Promise<readonly FileEdit[]>;
}

export function createEditor({ manifests, readFile, timed = untimed }: EditContext): Editor {
  const before = new Map<string, string>();
  const now = new Map<string, string>();
  return {
    async edit(id, { place, object }, change) {
      const text = now.get(place.file) ?? (await readFile(place.file));
      if (!before.has(place.file)) before.set(place.file, text);
      // Lines move as edits add up; the numbers of documents and items stay.
      const { document, item } = place;
      const target = { document, ...(item === undefined ? {} : { item }), kind: object.kind, name: object.metadata.name };
      const changed = changedText(id, formatPlace(place), () => change(text, target));
      now.set(place.file, changed);
      return changed !== text;
    },
    async finish(results) {
      const edited = [...now]
        .map(([path, content]) => ({ path, content, before: before.get(path) ?? '' }))
        .filter((file) => file.before !== file.content)
        .sort((a, b) => (a.path < b.path ? -1 : 1));
      const ids = new Map([...manifests].map(([id, manifest]) => [placeKey(manifest), id]));
      await timed('verify_changes', () =>
        verifyEdits(edited, (manifest) => targetsOf(results.get(ids.get(placeKey(manifest)) ?? ''))),
      );
      return edited.map(({ path, content }) => ({ path, content }));
    },
  };
}

/** Writes the images of all successful results into their files. */
export async function editImages(
  results: ReadonlyMap<ResourceId, WorkloadResult>,
  context: EditContext,
): Promise<readonly FileEdit[]> {
  const { timed = untimed } = context;
  const editor = createEditor(context);
  const changes = [...results].flatMap(([id, result]) => {
    const manifest = context.manifests.get(id);
    return manifest ? [...targetsOf(result)].map(([container, image]) => ({ id, manifest, container, image })) : [];
  });
  const write = async () => {
    for (const { id, manifest, container, image } of changes) {
      try {
        await editor.edit(id, manifest, (text, target) => editContainerImage(text, target, container, image));
      } catch (error) {
        throw releaseFailed(error);
      }
    }
  };
  if (changes.length > 0) await timed('write_changes', write);
  return editor.finish(results);
}

/**
 * The same where one workload must not hold up the others (automation): what cannot be edited fails alone, by name, and the rest
 * is written.
 */
export async function editImagesApart(
  results: Map<ResourceId, WorkloadResult>,
  context: EditContext,
): Promise<readonly FileEdit[]> {
  for (const [id, result] of [...results]) {
    if (targetsOf(result).size === 0) continue;
    try {
      await editImages(new Map([[id, result]]), { manifests: context.manifests, readFile: context.readFile });
    } catch (error) {
      if (!(error instanceof FluxError)) throw error;
      results.set(id, { Status: 'failed', Error: error.message, PerContainer: null });
    }
  }
  return editImages(results, context);
}

/** The images a successful result moves containers to, by container. */
function targetsOf(result: WorkloadResult | undefined): ReadonlyMap<string, string> {
  const updates = result?.Status === 'success' ? (result.PerContainer ?? []) : [];
  return new Map(updates.map(({ Container, Target }) => [Container, Target]));
}

function changedText(id: ResourceId, place: string, change: () => string): string {
  try {
    return change();
  } catch (error) {
    throw new FluxError(`updating resource ${id} in ${place}: ${messageOf(error)}`, {
      code: 'update/edit-failed',
      fault: error instanceof FluxError ? error.fault : 'server',
      help: `Nothing was committed. The file is ${place}; change it by hand, or mend what the message names and try again.\n`,
      cause: error,
    });
  }
}

/** The same failure in the words that Flux v1 has for releases. */
function releaseFailed(error: unknown): unknown {
  if (!(error instanceof FluxError) || error.code !== 'update/edit-failed') return error;
  const { message, code, fault, help = '', cause } = error;
  return new FluxError(`applying changes: ${message}`, {
    code,
    fault,
    help: `The release process failed, with this message:\n\n    ${message}\n\n${help}`,
    cause,
  });
}
