import { appendEntry, FluxError, findEntry, replaceValue, type TextEdit } from '../base/index.ts';
import { helmImageChanges, type KubeObject } from '../resource/index.ts';
import { isMap } from './check.ts';
import {
  describeTarget,
  type EditTarget,
  type LocatedObject,
  locateObject,
  notFound,
  ownMapping,
  refuseShared,
} from './locate.ts';
import { podSpecPath, valueAt } from './pod-spec.ts';
import { editFailed, spliceDocument, updateAt, verifyEdit } from './verify.ts';

/**
 * Sets the image of a container (the first of that name in `containers`, else in `initContainers`; of a HelmRelease its values of
 * registry, image and tag) and changes nothing but the characters of those values: quotes stay, as do comments, line ends and
 * everything else of the file. An alias becomes a value of its own; a value that came in by a merge key is overridden by a key of
 * the map's own.
 * @returns the whole new text; the same text when the container has that image.
 * @throws FluxError `manifests/not-found`, `manifests/shared-anchor` when the text also stands for another place,
 * `manifests/unsupported-kind`, `manifests/edit-failed`, `resource/image-does-not-fit`, `image/bad-reference`.
 */
export function editContainerImage(text: string, target: EditTarget, container: string, image: string): string {
  const located = locateObject(text, target);
  const changes = imageChanges(located, target, container, image);
  if (changes.length === 0) return text;
  const edits = changes.flatMap((change) => setText(located, target, change));
  const tailLength = text.length - located.document.offset - located.document.text.length;
  const expected = changes.reduce(
    (value, change) => updateAt(value, [...located.path, ...change.path, change.key], () => change.value),
    located.document.value,
  );
  return verifyEdit(spliceDocument(text, located, edits), located, { target, tailLength, expected });
}

/** The text that the key of a map is to have. */
interface TextChange {
  readonly path: readonly (string | number)[];
  readonly key: string;
  readonly value: string;
}

function imageChanges(located: LocatedObject, target: EditTarget, container: string, image: string): readonly TextChange[] {
  if (target.kind.toLowerCase() === 'helmrelease') {
    const changes = helmImageChanges(located.value as unknown as KubeObject, container, image);
    if (!changes) throw noContainer(container, target);
    return changes.map(({ path, value }) => ({ path: path.slice(0, -1), key: path.at(-1) ?? '', value }));
  }
  const path = containerPath(located, target, container);
  return valueAt(located.value, [...path, 'image']) === image ? [] : [{ path, key: 'image', value: image }];
}

function setText(located: LocatedObject, target: EditTarget, { path, key, value }: TextChange): TextEdit[] {
  const mapping = ownMapping(located, path, target);
  const entry = findEntry(mapping, key);
  const document = located.document.text;
  if (!entry || entry.merged) return [appendEntry(document, mapping, key, value)];
  if (entry.pair.value.kind !== 'alias') refuseShared(entry.pair.value, target);
  const edits = replaceValue(document, entry.pair, value, mapping);
  if (!edits) throw editFailed(target);
  return edits;
}

function containerPath({ value }: LocatedObject, target: EditTarget, container: string): readonly (string | number)[] {
  const podSpec = podSpecPath(target.kind);
  if (!podSpec) throw unsupported(target);
  for (const list of ['containers', 'initContainers']) {
    const containers = valueAt(value, [...podSpec, list]);
    if (!Array.isArray(containers)) continue;
    const index = containers.findIndex((entry) => isMap(entry) && entry.name === container);
    if (index >= 0) return [...podSpec, list, index];
  }
  throw noContainer(container, target);
}

function noContainer(container: string, target: EditTarget): FluxError {
  return notFound(`container ${container} of ${describeTarget(target)}`);
}

function unsupported({ kind }: EditTarget): FluxError {
  return new FluxError(`updating resource kind "${kind}" not supported`, {
    code: 'manifests/unsupported-kind',
    fault: 'user',
    help: 'Flux changes the images of CronJobs, DaemonSets, Deployments, HelmReleases and StatefulSets.',
  });
}
