import { FluxError, hasCode } from '../base/index.ts';
import type { Manifests } from '../manifests/index.ts';
import type { FileText } from '../repository/index.ts';
import { containersOf, type DesiredState, formatResourceId, isRendered, type Manifest, type Problem } from '../resource/index.ts';

/** A file before and after editing. */
export interface EditedFile extends FileText {
  readonly before: string;
}

/**
 * Parses edited files again and verifies them: the same objects must be in the same places, with the same containers, and every image
 * must be the requested one, or unchanged. The last check before a commit, independent of the editor (Flux v1's checks and messages).
 * @throws FluxError `update/verification-failed`.
 */
export async function verifyEdits(
  files: readonly EditedFile[],
  expected: ExpectedImages,
  desired: Pick<Manifests, 'readTexts'>,
): Promise<void> {
  const [before, after] = await Promise.all([
    readObjects(
      files.map(({ path, before: content }) => ({ path, content })),
      desired,
    ),
    readObjects(files, desired),
  ]);
  const [problem] = after.errors.slice(before.errors.length);
  if (problem) throw notLoaded(problem);
  compareObjects(before.manifests, after.manifests, expected);
}

/**
 * Verifies what a unit renders after its sources were edited, in the same way. Commands may print their objects in another order.
 * @throws FluxError `update/verification-failed`.
 */
export function verifyRendered(unit: string, before: DesiredState, after: DesiredState, expected: ExpectedImages): void {
  try {
    const [problem] = after.errors;
    if (problem) throw notLoaded(problem);
    compareObjects(byName(before.manifests), byName(after.manifests), expected);
  } catch (error) {
    if (!hasCode(error, 'update/verification-failed')) throw error;
    throw new FluxError(error.message, {
      code: error.code,
      fault: 'user',
      help: `Nothing was committed. The updaters of ${unit} must change exactly what was asked for: run them by hand, then its generators, and compare.`,
    });
  }
}

function byName(manifests: readonly Manifest[]): ReadonlyMap<string, Manifest> {
  return new Map(manifests.map((manifest) => [`${manifest.object.apiVersion} ${nameOf(manifest)}`, manifest]));
}

/** By a key that edits do not change. */
function compareObjects(
  before: ReadonlyMap<string, Manifest>,
  after: ReadonlyMap<string, Manifest>,
  expected: ExpectedImages,
): void {
  const gone: string[] = [];
  for (const [key, manifest] of before) {
    const now = after.get(key);
    if (!now || nameOf(now) !== nameOf(manifest)) gone.push(nameOf(manifest));
    else compareContainers(manifest, now, expected(manifest));
  }
  for (const [key, manifest] of after) {
    const was = before.get(key);
    if (!was || nameOf(was) !== nameOf(manifest)) throw failed(`resource "${nameOf(manifest)}" is new after update`);
  }
  if (gone.length > 0)
    throw failed(`resources {${gone.map((name) => `"${name}"`).join(', ')}} present before update but not after`);
}

function notLoaded({ error: { message } }: Problem): FluxError {
  return refused(`loading resources after updates: ${message}`);
}

/** The new images of a manifest, by container; other containers must be unchanged. */
export type ExpectedImages = (manifest: Manifest) => ReadonlyMap<string, string>;

function compareContainers(before: Manifest, after: Manifest, expected: ReadonlyMap<string, string>): void {
  const was = containersOf(before.object);
  const now = containersOf(after.object);
  const id = nameOf(before);
  if (was.length !== now.length) throw failed(`resource "${id}" has different set of containers after update`);
  for (const [index, { name, image }] of was.entries()) {
    const present = now[index];
    if (present?.name !== name) {
      throw failed(
        `container in position ${index} of resource "${id}" has a different name after update: was "${name}", now "${present?.name}"`,
      );
    }
    const wanted = expected.get(name) ?? image;
    if (present.image !== wanted) {
      throw failed(`the image for container "${name}" in resource "${id}" should be "${wanted}", but is "${present.image}"`);
    }
  }
}

async function readObjects(files: readonly FileText[], desired: Pick<Manifests, 'readTexts'>) {
  const { manifests, errors } = await desired.readTexts(files);
  const byPlace = manifests.map((manifest) => [placeKey(manifest), manifest] as const);
  return { manifests: new Map(byPlace), errors };
}

/** Identifies the place of an object by properties that edits do not change. */
export function placeKey({ place }: Manifest): string {
  return `${place.document}/${place.item ?? ''}/${isRendered(place) ? `${place.unit}/` : ''}${place.file}`;
}

function nameOf({ object: { kind, metadata } }: Manifest): string {
  return formatResourceId({ namespace: metadata.namespace, kind, name: metadata.name });
}

function failed(message: string): FluxError {
  return refused(`verifying changes: failed to verify changes: ${message}`);
}

function refused(message: string): FluxError {
  return new FluxError(message, {
    code: 'update/verification-failed',
    help: `The release process failed, with this message:\n\n    ${message}\n\nNothing was committed. This is a bug in Flux; please report it together with the file.\n`,
  });
}
