import { canonicalName, tryParseImageRef } from '../../image/index.ts';
import { type ContainerState, type PodState, pullCause } from '../../resource/index.ts';

/** What the new pods of a workload that does not become ready say about the cause. */
export type Blame =
  | ImageFailure
  /** Scheduling, quota, volumes, nodes or configuration: another image would fare no better. */
  | { readonly by: 'surroundings'; readonly reason: string }
  /** Nothing that can be held against the image. */
  | { readonly by: 'unknown'; readonly reason: string };

/** A new image that does not start, does not keep running, or does not become ready. */
export interface ImageFailure {
  readonly by: 'image';
  readonly pod: string;
  readonly container: string;
  /** As in Kubernetes, `CrashLoopBackOff`; `NotReady` for one that runs. */
  readonly reason: string;
  /** Of the image that it runs, if its node names that. */
  readonly digest?: string;
  /** Of its last end. */
  readonly exitCode?: number;
  /** Its termination message, which may hold secrets. */
  readonly message?: string;
}

const NOT_READY = 'NotReady';

/** Reasons to wait for which the image, or its program, is the cause. */
const OF_IMAGE: ReadonlySet<string> = new Set([
  'InvalidImageName',
  'CrashLoopBackOff',
  'RunContainerError',
  'StartError',
  'PostStartHookError',
]);

/** Reasons to wait for an image that could not be pulled: by fault of the image only if the registry does not have it. */
const OF_PULL: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff']);

/** How registries, containerd, CRI-O and Docker say that there is no such image. */
const NO_IMAGE =
  /\bcode = NotFound\b|(?:^|: )not found\b|\b(?:manifest for|repository|image) \S+ not found\b|\b(?:manifest|name)[ _]unknown\b|\bno such image\b|\binvalid reference\b|\bno matching manifest\b|\bInvalidImageName\b/i;

/**
 * Judges the new pods: those with one of the new images, by container. When in doubt the image is not blamed: one pod that fails by its
 * surroundings speaks for all, and so do pods that fail on one node only. A program that runs without becoming ready is not blamed while
 * that of an earlier image does not become ready either.
 */
export function blameOf(pods: readonly PodState[], images: ReadonlyMap<string, string>): Blame {
  const isNew = ({ name, image }: ContainerState) => images.get(name) === image;
  const newPods = pods.filter(({ ending, containers }) => !ending && containers.some(isNew));
  if (newPods.length === 0) return { by: 'surroundings', reason: 'no pod has the new image' };
  const failing = newPods.filter(({ ready }) => !ready);
  const causes = failing.map((pod) => causeIn(pod, isNew));
  const cause =
    causes.find(({ by }) => by === 'surroundings') ??
    causes.find(({ by }) => by === 'image') ??
    causes[0] ??
    ({ by: 'unknown', reason: 'all pods with the new image are ready' } as const);
  const nodes = new Set(failing.flatMap(({ node }) => node ?? []));
  const [node] = nodes;
  const runsElsewhere = newPods.some((pod) => pod.ready && pod.node !== undefined && pod.node !== node);
  if (cause.by === 'image' && nodes.size === 1 && runsElsewhere)
    return { by: 'surroundings', reason: `pods fail on node ${node} only` };
  const earlier = pods.filter(({ ending, containers }) => !ending && !containers.some(isNew));
  if (cause.by === 'image' && cause.reason === NOT_READY && earlier.some(({ phase, ready }) => phase === 'Running' && !ready))
    return { by: 'surroundings', reason: 'pods of the earlier image are not ready either' };
  return cause;
}

function causeIn({ name, reason, unscheduled, containers }: PodState, isNew: (container: ContainerState) => boolean): Blame {
  if (reason !== undefined) return { by: 'surroundings', reason: `pod ${name}: ${reason}` };
  if (unscheduled !== undefined) return { by: 'surroundings', reason: `pod ${name}: ${unscheduled}` };
  const causes = containers.filter(({ ready }) => !ready).flatMap((container) => causeOf(name, container) ?? []);
  const isOfNew = ({ container }: { readonly container: string }) =>
    containers.some((each) => each.name === container && isNew(each));
  const image = causes.find((cause) => cause.by === 'image' && isOfNew(cause));
  if (image) return image;
  const other = causes.find((cause) => cause.by === 'image');
  if (other?.by === 'image')
    return { by: 'unknown', reason: `container ${other.container}, whose image is not new, fails: ${other.reason}` };
  return causes[0] ?? { by: 'unknown', reason: `pod ${name} is not ready` };
}

function causeOf(pod: string, state: ContainerState): Blame | undefined {
  const { name: container, now, last, restarts } = state;
  const digest = digestOf(state);
  const failed = (reason: string, end = last): ImageFailure => ({
    by: 'image',
    pod,
    container,
    reason,
    ...(digest === undefined ? {} : { digest }),
    ...(end ? { exitCode: end.exitCode, ...(end.message === '' ? {} : { message: end.message }) } : {}),
  });
  switch (now.state) {
    case 'waiting':
      if (OF_PULL.has(now.reason)) {
        const why = pullCause(now.message);
        if (NO_IMAGE.test(why)) return failed(now.reason);
        if (why === '') return { by: 'unknown', reason: `pod ${pod}: ${now.reason}; the cause of the failed pull is not known` };
      }
      return OF_IMAGE.has(now.reason)
        ? failed(now.reason)
        : { by: 'surroundings', reason: `pod ${pod}: ${now.reason || 'waiting'}` };
    case 'terminated':
      // An init container that has done its work.
      return now.exitCode === 0 ? undefined : failed(now.reason || 'Error', now);
    case 'running':
      return failed(restarts > 0 && last ? last.reason || 'Error' : NOT_READY);
    case 'unknown':
      return { by: 'surroundings', reason: `pod ${pod}: the kubelet has not started it` };
  }
}

/** A node may know the same image by the name of another repository, or by an ID that is no digest of a registry. */
function digestOf({ image, imageId = '' }: ContainerState): string | undefined {
  const wanted = tryParseImageRef(image);
  const runs = tryParseImageRef(imageId.replace(/^docker-pullable:\/\//, ''));
  if (!wanted || !runs || canonicalName(wanted) !== canonicalName(runs)) return undefined;
  return /^sha256:[0-9a-f]{64}$/.test(runs.digest) ? runs.digest : undefined;
}
