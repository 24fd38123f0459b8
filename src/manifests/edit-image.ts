import { appendEntry, FluxError, findEntry, type JsonValue, replaceValue } from '../base/index.ts';
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
import { editFailed, spliceDocument, updateAt, verifyEdit } from './verify.ts';

/** Where each kind keeps its pod spec; `WORKLOAD_KINDS` less HelmRelease, whose images are values. */
const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  cronjob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  daemonset: ['spec', 'template', 'spec'],
  deployment: ['spec', 'template', 'spec'],
  statefulset: ['spec', 'template', 'spec'],
};

/**
 * Sets the image of a container (the first of that name in `containers`, else in `initContainers`) and changes nothing but the
 * characters of that one value: its quotes stay, as do comments, line ends and everything else of the file. An alias becomes a
 * value of its own; an image that came in by a merge key is overridden by a key of the container's own.
 * @returns the whole new text; the same text when the container has that image.
 * @throws FluxError `manifests/not-found`, `manifests/shared-anchor` when the text also stands for another place,
 * `manifests/unsupported-kind`, `manifests/edit-failed`.
 */
export function editContainerImage(text: string, target: EditTarget, container: string, image: string): string {
  const located = locateObject(text, target);
  const path = containerPath(located, target, container);
  const current = valueAt(located.value, [...path, 'image']);
  if (current === image) return text;
  const mapping = ownMapping(located, path, target);
  const entry = findEntry(mapping, 'image');
  const tailLength = text.length - located.document.offset - located.document.text.length;
  const document = located.document.text;
  if (entry && !entry.merged && entry.pair.value.kind !== 'alias') refuseShared(entry.pair.value, target);
  const edits =
    entry && !entry.merged
      ? replaceValue(document, entry.pair, image, mapping)
      : [appendEntry(document, mapping, 'image', image)];
  if (!edits) throw editFailed(target);
  const expected = updateAt(located.document.value, [...located.path, ...path, 'image'], () => image);
  return verifyEdit(spliceDocument(text, located, edits), located, { target, tailLength, expected });
}

function containerPath({ value }: LocatedObject, target: EditTarget, container: string): readonly (string | number)[] {
  const podSpec = POD_SPECS[target.kind.toLowerCase()];
  if (!podSpec) throw unsupported(target);
  for (const list of ['containers', 'initContainers']) {
    const containers = valueAt(value, [...podSpec, list]);
    if (!Array.isArray(containers)) continue;
    const index = containers.findIndex((entry) => isMap(entry) && entry.name === container);
    if (index >= 0) return [...podSpec, list, index];
  }
  throw notFound(`container ${container} of ${describeTarget(target)}`);
}

function valueAt(value: JsonValue | undefined, path: readonly (string | number)[]): JsonValue | undefined {
  let current = value;
  for (const step of path) {
    if (Array.isArray(current)) current = typeof step === 'number' ? current[step] : undefined;
    else current = isMap(current) && Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}

function unsupported({ kind }: EditTarget): FluxError {
  return new FluxError(`updating resource kind "${kind}" not supported`, {
    code: 'manifests/unsupported-kind',
    fault: 'user',
    help: 'Flux changes the images of CronJobs, DaemonSets, Deployments and StatefulSets.',
  });
}
