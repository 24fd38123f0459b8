import { isBuiltInGroup } from './built-in-group.ts';
import type { Container } from './container.ts';
import { type Fields, isFields, type Path, valueAt } from './fields.ts';
import { isForced } from './force.ts';
import { helmImagePlaces } from './helm-release.ts';
import { changesTo, type FieldChange, hasMapping, type ImagePlace, imageAt, isImageAt, mappedPlaces } from './image-fields.ts';
import { type JsonObject, parseApiVersion } from './object.ts';

const TEMPLATE = ['spec', 'template', 'spec'] as const;

/** Flux v1's kinds of workloads, known by their kind alone, with the path to their pod spec. The images of a HelmRelease are values. */
const FLUX_V1_KINDS: ReadonlyMap<string, Path | undefined> = new Map<string, Path | undefined>([
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
  ['DaemonSet', TEMPLATE],
  ['Deployment', TEMPLATE],
  ['HelmRelease', undefined],
  ['StatefulSet', TEMPLATE],
]);

/** The other kinds with a pod spec, with their API group. */
const OTHER_KINDS: ReadonlyMap<string, { readonly group: string; readonly path: Path }> = new Map([
  ['CloneSet', { group: 'apps.kruise.io', path: TEMPLATE }],
  ['Job', { group: 'batch', path: TEMPLATE }],
  ['Pod', { group: '', path: ['spec'] }],
  ['Rollout', { group: 'argoproj.io', path: TEMPLATE }],
  ['Service', { group: 'serving.knative.dev', path: TEMPLATE }],
]);

export const FLUX_V1_WORKLOADS: readonly string[] = [...FLUX_V1_KINDS.keys()];

/** OpenKruise has kinds of the same names. */
const KRUISE = 'apps.kruise.io';

/** Whether a kind is one of Flux v1's kinds of workloads, all of which are listed, whether or not they are in Git. */
export function isFluxV1Workload({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return FLUX_V1_KINDS.has(kind) && group !== KRUISE;
}

/** Whether Flux reads and updates images of an object: it is of a known kind, or its annotations say where its images are. */
export function isWorkload(object: Fields): boolean {
  return isKnown(object) || mappedInCustom(object).size > 0;
}

/**
 * The containers of a workload in Flux v1's order: `containers`, then `initContainers`; for a HelmRelease and a custom resource the images
 * in their fields. Empty for other objects.
 */
export function containersOf(object: Fields): readonly Container[] {
  const spec = podSpecOf(object);
  if (spec) {
    const fixed = isFixed(object) ? { isFixed: true } : {};
    return [...containerList(spec.containers), ...containerList(spec.initContainers)].map((each) => ({ ...each, ...fixed }));
  }
  return [...imagePlaces(object)].map(([name, place]) => ({
    name,
    image: imageAt(object, place),
    ...(place.tag ? { isTagApart: true } : {}),
  }));
}

/**
 * The fields to change so that a container that is not in a pod spec has an image; undefined if the object has no such container.
 * @throws FluxError `image/bad-reference`, or `resource/image-does-not-fit` if the fields cannot hold the reference.
 */
export function imageFieldChanges(object: Fields, container: string, image: string): readonly FieldChange[] | undefined {
  const place = imagePlaces(object).get(container);
  return place && changesTo(object, { container, image, place });
}

/** The pod spec of a workload, or undefined if its kind has none. */
export function podSpecOf(object: Fields): JsonObject | undefined {
  const path = podSpecPath(object);
  const spec = path && valueAt(object, path);
  return isFields(spec) ? (spec as JsonObject) : undefined;
}

/** The path to the pod spec of an object; undefined for kinds without. */
export function podSpecPath({ apiVersion, kind }: Fields): Path | undefined {
  if (typeof kind !== 'string') return undefined;
  const other = OTHER_KINDS.get(kind);
  return other && other.group === groupOf(apiVersion) ? other.path : FLUX_V1_KINDS.get(kind);
}

function isKnown(object: Fields): boolean {
  return FLUX_V1_KINDS.has(String(object.kind)) || podSpecPath(object) !== undefined;
}

function imagePlaces(object: Fields): ReadonlyMap<string, ImagePlace> {
  return object.kind === 'HelmRelease' ? helmImagePlaces(object) : mappedInCustom(object);
}

const NONE: ReadonlyMap<string, ImagePlace> = new Map();

/** In custom resources, annotations give paths from the root. The objects of Kubernetes itself have nothing like it. */
function mappedInCustom(object: Fields): ReadonlyMap<string, ImagePlace> {
  // Asked of each object of a repository, most of which have no such annotation.
  if (!hasMapping(object) || isKnown(object) || isBuiltInGroup(groupOf(object.apiVersion))) return NONE;
  const valid = [...mappedPlaces(object, [])].filter(([, place]) => isImageAt(object, place));
  return new Map(valid.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The API server rejects changes to the template of a Job. A forced one is recreated. */
function isFixed(object: Fields): boolean {
  return object.kind === 'Job' && !isForced(object);
}

function groupOf(apiVersion: unknown): string {
  return typeof apiVersion === 'string' ? parseApiVersion(apiVersion).group : '';
}

function containerList(list: unknown): Container[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    if (!isFields(entry) || typeof entry.name !== 'string') return [];
    return [{ name: entry.name, image: typeof entry.image === 'string' ? entry.image : '' }];
  });
}
