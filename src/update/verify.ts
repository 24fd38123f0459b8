import { type Cancellable, FluxError, hasCode, yieldTurn } from '../base/index.ts';
import type { Manifests, ObjectChange } from '../manifests/index.ts';
import type { FileText } from '../repository/index.ts';
import { containersOf, type DesiredState, formatResourceId, isRendered, type Manifest, type Problem } from '../resource/index.ts';
import { type Asked, unaskedChange } from './unasked-change.ts';

/** A file before and after editing. */
export interface EditedFile extends FileText {
  readonly before: string;
}

/**
 * Parses edited files again and verifies them: the same objects must be in the same places, and differ in nothing but the images and
 * annotations that were asked for. The last check before a commit, independent of the editor (Flux v1's checks and messages).
 * @throws FluxError `update/verification-failed`.
 */
export async function verifyEdits(
  files: readonly EditedFile[],
  changes: readonly ObjectChange[],
  desired: Pick<Manifests, 'readTexts'>,
  cancel: Cancellable = {},
): Promise<void> {
  const [before, after] = await Promise.all([
    desired.readTexts(
      files.map(({ path, before: content }) => ({ path, content })),
      cancel,
    ),
    desired.readTexts(files, cancel),
  ]);
  await compareStates(before, after, changes, cancel);
}

/**
 * Verifies a whole revision in the same way after sources of units were edited, since any file may be an input of any unit, and updaters
 * may write every file. Commands may print their objects in another order. What is the identical list in both is not compared.
 * @throws FluxError `update/verification-failed`.
 */
export async function verifyRevision(
  before: DesiredState,
  after: DesiredState,
  changes: readonly ObjectChange[],
  units: Iterable<string>,
  cancel: Cancellable = {},
): Promise<void> {
  try {
    await compareStates(before, after, changes, cancel);
  } catch (error) {
    if (!hasCode(error, 'update/verification-failed')) throw error;
    throw new FluxError(error.message, {
      code: error.code,
      fault: 'user',
      help: `Nothing was committed. An update must change exactly what was asked for, in all manifests of the repository. Look at what ${[...units].join(', ')} renders before and after the change, and at the files that it is rendered from.\n`,
    });
  }
}

const NOTHING: Asked = { images: new Map(), annotations: new Map() };

/** Objects compared in one turn of the event loop, some milliseconds. */
const TURN = 200;

async function compareStates(
  before: DesiredState,
  after: DesiredState,
  changes: readonly ObjectChange[],
  { signal }: Cancellable,
): Promise<void> {
  const [problem] = newProblems(before.errors, after.errors);
  if (problem) throw refused(`loading resources after updates: ${wordsOf(problem)}`);
  const asked = askedOf(changes);
  const isSame = await sameSources(before, after, changes, signal);
  const was = await byKey(before, isSame, signal);
  const is = await byKey(after, isSame, signal);
  for (const { manifest } of changes) if (!was.has(keyOf(manifest))) throw unknownBefore(manifest, before);
  const gone: string[] = [];
  for await (const [key, manifest] of inTurns(was, signal)) {
    const now = is.get(key);
    if (!now || nameOf(now) !== nameOf(manifest)) gone.push(nameOf(manifest));
    else compareObject(manifest, now, asked.get(keyOf(manifest)) ?? NOTHING);
  }
  for await (const [key, manifest] of inTurns(is, signal)) {
    const old = was.get(key);
    if (!old || nameOf(old) !== nameOf(manifest)) throw isNew(manifest, before);
  }
  if (gone.length > 0)
    throw failed(`resources {${gone.map((name) => `"${name}"`).join(', ')}} present before update but not after`);
}

/** What is wrong after an update and was not before. The words of what was wrong before may differ, as they count lines. */
function newProblems(before: readonly Problem[], after: readonly Problem[]): readonly Problem[] {
  const kind = ({ file, unit, error: { code } }: Problem) => `${code} ${unit ?? file}`;
  const exactly = (problem: Problem) => `${kind(problem)} ${problem.error.message}`;
  return subtract(subtract(after, before, exactly), subtract(before, after, exactly), kind);
}

function subtract(from: readonly Problem[], others: readonly Problem[], key: (problem: Problem) => string): readonly Problem[] {
  const counts = new Map<string, number>();
  for (const other of others) counts.set(key(other), (counts.get(key(other)) ?? 0) + 1);
  return from.filter((problem) => {
    const left = counts.get(key(problem)) ?? 0;
    counts.set(key(problem), left - 1);
    return left <= 0;
  });
}

function askedOf(changes: readonly ObjectChange[]): ReadonlyMap<string, Asked> {
  const asked = new Map<string, Asked>();
  for (const { manifest, change } of changes) {
    const { images, annotations } = asked.get(keyOf(manifest)) ?? NOTHING;
    asked.set(keyOf(manifest), {
      images: new Map([...images, ...(change.kind === 'images' ? change.images : [])]),
      annotations: new Map([...annotations, ...(change.kind === 'annotations' ? change.annotations : [])]),
    });
  }
  return asked;
}

/** The files and units with the identical objects before and after, in the same order, of which nothing is asked. */
async function sameSources(
  before: DesiredState,
  after: DesiredState,
  changes: readonly ObjectChange[],
  signal: AbortSignal | undefined,
): Promise<(manifest: Manifest) => boolean> {
  const was = Map.groupBy(before.manifests, sourceOf);
  await yieldTurn(signal);
  const is = Map.groupBy(after.manifests, sourceOf);
  await yieldTurn(signal);
  const asked = new Set(changes.map(({ manifest }) => sourceOf(manifest)));
  const same = new Set<string>();
  for (const [source, manifests] of was) {
    const now = is.get(source) ?? [];
    const isSame = manifests.length === now.length && manifests.every((each, index) => each === now[index]);
    if (isSame && !asked.has(source)) same.add(source);
  }
  return (manifest) => same.has(sourceOf(manifest));
}

/** What the keys of objects begin with. */
function sourceOf({ place }: Manifest): string {
  return isRendered(place) ? place.unit : place.file;
}

/** Of objects that are printed twice, the order counts. */
async function byKey(
  { manifests }: DesiredState,
  isSame: (manifest: Manifest) => boolean,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Manifest>> {
  const all = new Map<string, Manifest>();
  const counts = new Map<string, number>();
  const others = manifests.filter((manifest) => !isSame(manifest));
  for await (const manifest of inTurns(others, signal)) {
    const key = keyOf(manifest);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    all.set(count === 0 ? key : `${key} #${count}`, manifest);
  }
  return all;
}

async function* inTurns<T>(all: Iterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  let count = 0;
  for (const each of all) {
    if (count % TURN === TURN - 1) await yieldTurn(signal);
    count += 1;
    yield each;
  }
}

/** Identifies an object by what edits do not change: its place in a file, or in a unit its name, since the order may be another one. */
function keyOf(manifest: Manifest): string {
  const { place, object } = manifest;
  return isRendered(place)
    ? `${sourceOf(manifest)} ${object.apiVersion} ${nameOf(manifest)}`
    : `${sourceOf(manifest)} ${place.document} ${place.item ?? ''}`;
}

function compareObject(before: Manifest, after: Manifest, asked: Asked): void {
  if (before.checksum === after.checksum && asked === NOTHING) return;
  compareContainers(before, after, asked.images);
  for (const [key, wanted] of asked.annotations) {
    const { annotations = {} } = after.object.metadata;
    const now = Object.hasOwn(annotations, key) ? String(annotations[key]) : null;
    if (now === wanted) continue;
    const should = wanted === null ? 'be absent' : `be "${wanted}"`;
    const is = now === null ? 'absent' : `"${now}"`;
    throw failed(`the annotation "${key}" in resource "${nameOf(before)}" should ${should}, but is ${is}`);
  }
  // Generators may derive labels of the same object from the tag.
  const isOpen = isRendered(before.place) && asked !== NOTHING;
  const path = isOpen ? undefined : unaskedChange(before.object, after.object, asked);
  // Names of fields may be secret, where a program made them of decrypted files.
  const shown = after.confidential === 'all' ? path?.split('.', 1)[0] : path;
  if (shown !== undefined) throw failed(`resource "${nameOf(before)}" differs after update in ${shown}, which was not requested`);
}

/** An object that has no counterpart before the update. */
function isNew(manifest: Manifest, before: DesiredState): FluxError {
  return failureBefore(manifest, before) ?? failed(`resource "${nameOf(manifest)}" is new after update`);
}

/** An object to change that could not be read again. */
function unknownBefore(manifest: Manifest, before: DesiredState): FluxError {
  return failureBefore(manifest, before) ?? failed(`resource "${nameOf(manifest)}" is not there before the update any more`);
}

/** Why nothing of the unit of an object could be rendered before the update. */
function failureBefore({ place }: Manifest, { manifests, errors }: DesiredState): FluxError | undefined {
  if (!isRendered(place) || manifests.some((each) => isRendered(each.place) && each.place.unit === place.unit)) return undefined;
  const problem = errors.find(({ unit, document }) => unit === place.unit && document === undefined);
  return (
    problem &&
    failed(`${place.unit} could not be rendered before the update, so nothing can be compared: ${problem.error.message}`)
  );
}

function wordsOf({ unit, error: { message } }: Problem): string {
  return unit === undefined ? message : `${unit}: ${message}`;
}

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
