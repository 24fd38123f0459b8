import { FluxError, isJsonMap, type TextEdit, type YamlDocument } from '../base/index.ts';
import { imageFieldChanges, isWorkload, type Path, podSpecPath, valueAt } from '../resource/index.ts';
import { scalarEdits } from './edit-scalars.ts';
import { describeTarget, type EditTarget, type LocatedObject, locateIn, notFound, ownMapping, readDocument } from './locate.ts';
import { spliceDocument } from './splice-document.ts';
import { VARIABLE_START } from './substitution/variables.ts';
import { editFailed, updateAt, verifyEdit } from './verify.ts';

/** A container of an object, and its new image. */
export interface ImageChange {
  readonly target: EditTarget;
  readonly container: string;
  readonly image: string;
}

/**
 * Sets images of containers: the first with that name in `containers`, else in `initContainers`; in a HelmRelease or a custom resource the
 * fields for registry, image and tag. Changes only the characters of those values: quotes, comments, line ends and the rest of the file stay. An
 * alias is replaced with a value; a value from a merge key is overridden by a key in the map itself; an anchored value changes for all
 * places that share it if they get the same image, and otherwise its anchor moves to the others.
 * @returns the complete new text; the same text if all containers have those images.
 * @throws FluxError `manifests/not-found`, `manifests/shared-anchor` if a container as a whole is shared with another place,
 * `manifests/unsupported-kind`, `manifests/variable`, `manifests/edit-failed`, `resource/image-does-not-fit`, `image/bad-reference`.
 */
export function editContainerImages(text: string, changes: readonly ImageChange[]): string {
  let edited = text;
  for (const inDocument of Map.groupBy(changes, ({ target }) => target.document).values()) {
    const [first] = inDocument;
    if (first) edited = editDocument(edited, readDocument(edited, first.target), inDocument);
  }
  return edited;
}

function editDocument(text: string, document: YamlDocument, changes: readonly ImageChange[]): string {
  const places = changes.flatMap((change) => {
    const located = locateIn(document, change.target);
    return imageChanges(located, change).map((place) => ({ ...place, located, target: change.target }));
  });
  const [first] = places;
  if (!first) return text;
  const expected = places.reduce(
    (value, { located, path, key, value: wanted }) => updateAt(value, [...located.path, ...path, key], () => wanted),
    document.value,
  );
  const tailLength = text.length - document.offset - document.text.length;
  const edited = spliceDocument(text, document, textEdits(document, places));
  return verifyEdit(edited, document, { target: first.target, tailLength, expected });
}

/** The new value of a map's key. */
interface TextChange {
  readonly path: readonly (string | number)[];
  readonly key: string;
  readonly value: string;
}

interface Place extends TextChange {
  readonly located: LocatedObject;
  readonly target: EditTarget;
}

function imageChanges(located: LocatedObject, { target, container, image }: ImageChange): readonly TextChange[] {
  if (!isJsonMap(located.value)) throw noContainer(container, target);
  if (!isWorkload(located.value)) throw unsupported(target);
  const podSpec = podSpecPath(located.value);
  if (!podSpec) {
    const changes = imageFieldChanges(located.value, container, image);
    if (!changes) throw noContainer(container, target);
    return changes.map(({ path, value }) => {
      requireNoVariable(valueAt(located.value, path), container, target);
      return { path: path.slice(0, -1), key: String(path.at(-1)), value };
    });
  }
  const path = containerPath(located, podSpec, { target, container });
  const written = valueAt(located.value, [...path, 'image']);
  requireNoVariable(written, container, target);
  return written === image ? [] : [{ path, key: 'image', value: image }];
}

function textEdits(document: YamlDocument, places: readonly Place[]): readonly TextEdit[] {
  const changes = places.map(({ located, target, path, key, value }) => ({
    mapping: ownMapping(located, path, target),
    key,
    value,
    target,
  }));
  const made = scalarEdits(document, changes);
  return 'edits' in made ? made.edits : fail(made.refused.target);
}

function fail(target: EditTarget): never {
  throw editFailed(target);
}

function containerPath(
  { value }: LocatedObject,
  podSpec: Path,
  { target, container }: Pick<ImageChange, 'target' | 'container'>,
): Path {
  for (const list of ['containers', 'initContainers']) {
    const containers = valueAt(value, [...podSpec, list]);
    if (!Array.isArray(containers)) continue;
    const index = containers.findIndex((entry) => isJsonMap(entry) && entry.name === container);
    if (index >= 0) return [...podSpec, list, index];
  }
  throw noContainer(container, target);
}

/** A new image would take the place of the variable, whose value then changes nothing any more. */
function requireNoVariable(written: unknown, container: string, target: EditTarget): void {
  if (typeof written !== 'string' || !written.includes(VARIABLE_START)) return;
  throw new FluxError(`the image of container ${container} of ${describeTarget(target)} has a variable`, {
    code: 'manifests/variable',
    fault: 'user',
    help: 'Change the value of the variable, or write the image without one.',
  });
}

function unsupported({ kind }: EditTarget): FluxError {
  return new FluxError(`updating resource kind "${kind}" not supported`, {
    code: 'manifests/unsupported-kind',
    fault: 'user',
    help: 'Flux updates images of known kinds of workloads, and of custom resources whose annotations say where the images are.',
  });
}

function noContainer(container: string, target: EditTarget): FluxError {
  return notFound(`container ${container} of ${describeTarget(target)}`);
}
