import { counted, firstOf } from '../../../base/index.ts';
import type { ClaimFacts, EventFacts, PodFacts } from '../../../change/index.ts';
import type { ContainerState } from '../../../resource/index.ts';
import type { Finding } from '../answer.ts';
import { meaningOf } from './exit-code.ts';
import { clause, type Rule } from './rule.ts';

/** A pod that is not ready, and what was read beside it. */
export interface PodAbout {
  readonly pod: PodFacts;
  /** Its events, newest first. */
  readonly events: readonly EventFacts[];
  readonly claims: readonly ClaimFacts[];
}

/** What keeps one pod from being ready, from the node that it needs to the probe that it fails. */
export const POD_RULES: readonly Rule<PodAbout>[] = [
  claimPending,
  nodeSelector,
  noRoom,
  unschedulable,
  pullSecret,
  imagePull,
  configuration,
  outOfMemory,
  ended,
  mount,
  podFailed,
  notReady,
];

function claimPending({ pod, claims }: PodAbout): Finding | undefined {
  const open = claims.find(({ phase }) => phase !== 'Bound');
  const isAbout = /persistentvolumeclaim/i.test(pod.unscheduled ?? '');
  if (pod.unscheduled === undefined || (!isAbout && !open)) return undefined;
  if (!open) return { code: 'pvc-pending', state: 'failed', text: inPod(pod, pod.unscheduled) };
  const { name, phase, storageClass, reason } = open;
  const of = storageClass === undefined ? '' : ` (storage class ${storageClass})`;
  const state = phase === undefined ? 'does not exist' : `is ${phase}`;
  return {
    code: 'pvc-pending',
    state: 'failed',
    text: inPod(pod, `PersistentVolumeClaim ${name}${of} ${state}${reason === undefined ? '' : `: ${reason}`}`),
    next: { text: 'Correct the claim or its storage class; the pod then starts by itself.' },
  };
}

function nodeSelector({ pod }: PodAbout): Finding | undefined {
  if (!/node affinity|node selector|match Pod's node|NodeAffinity/i.test(pod.unscheduled ?? '')) return undefined;
  const selector = pod.nodeSelector.length === 0 ? 'its node affinity' : `its node selector ${pod.nodeSelector.join(', ')}`;
  return {
    code: 'node-selector',
    state: 'failed',
    text: inPod(pod, `no node matches ${selector}`),
    next: { text: 'Correct the selector, or label a node.' },
  };
}

function noRoom({ pod }: PodAbout): Finding | undefined {
  if (!/Insufficient |Too many pods/.test(pod.unscheduled ?? '')) return undefined;
  return { code: 'no-room', state: 'failed', text: inPod(pod, `no node has room for it: ${pod.unscheduled}`) };
}

function unschedulable({ pod }: PodAbout): Finding | undefined {
  if (pod.unscheduled === undefined) return undefined;
  return { code: 'unschedulable', state: 'failed', text: inPod(pod, `no node can run it: ${pod.unscheduled}`) };
}

const PULL_REASONS = [
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ImageInspectError',
  'ErrImageNeverPull',
  'RegistryUnavailable',
];

function waitingFor(pod: PodFacts, reasons: readonly string[]) {
  return firstOf(pod.containers, ({ now, ...container }) =>
    now.state === 'waiting' && reasons.includes(now.reason) ? { ...container, ...now } : undefined,
  );
}

/** The kubelet goes on without the secret, and the pull fails. */
function pullSecret({ pod, events }: PodAbout): Finding | undefined {
  const event = events.find(({ reason }) => reason === 'FailedToRetrieveImagePullSecret');
  const container = waitingFor(pod, PULL_REASONS);
  if (!event || !container) return undefined;
  const names = /pull secrets \(([^)]+)\)/.exec(event.message)?.[1];
  return {
    code: 'pull-secret-missing',
    state: 'failed',
    text: inPod(
      pod,
      `its image ${container.image} cannot be pulled, and its pull secret${names === undefined ? '' : ` ${names}`} cannot be found`,
    ),
    next: { text: 'Create the Secret in the namespace of the workload.' },
  };
}

function imagePull({ pod, events }: PodAbout): Finding | undefined {
  const container = waitingFor(pod, PULL_REASONS);
  if (!container) return undefined;
  const why = events.find(({ reason, message }) => reason === 'Failed' && message.startsWith('Failed to pull image'))?.message;
  const said = why?.replace(/^Failed to pull image "[^"]*": /, '').replace(/^(?:rpc error: code = \w+ desc = )/, '');
  return {
    code: 'image-pull',
    state: 'failed',
    text: inPod(
      pod,
      `its image ${container.image} cannot be pulled (${container.reason})${said === undefined ? '' : `: ${said}`}`,
    ),
    next: { text: 'Push the image, or correct its name; the kubelet tries again by itself.' },
  };
}

function configuration({ pod }: PodAbout): Finding | undefined {
  const container = waitingFor(pod, [
    'CreateContainerConfigError',
    'CreateContainerError',
    'RunContainerError',
    'PostStartHookError',
  ]);
  if (!container) return undefined;
  // Of the others, the message may quote a command line.
  const why = container.reason === 'CreateContainerConfigError' ? `: ${container.message}` : '';
  return {
    code: 'container-config',
    state: 'failed',
    text: inPod(pod, `container ${container.name} cannot be started (${container.reason})${why}`),
  };
}

/** The last end of a container that does not run, or has ended before. */
function lastEnd({ now, last }: ContainerState) {
  return now.state === 'terminated' ? now : last;
}

function outOfMemory({ pod }: PodAbout): Finding | undefined {
  const container = pod.containers.find((each) => !each.ready && lastEnd(each)?.reason === 'OOMKilled');
  if (!container) return undefined;
  const how = `OOMKilled, exit code ${lastEnd(container)?.exitCode ?? 137}`;
  return {
    code: 'out-of-memory',
    state: 'failed',
    text: inPod(
      pod,
      `container ${container.name} was killed for using more memory than its limit (${how})${afterRestarts(container)}`,
    ),
    next: { text: 'Raise resources.limits.memory, or let the program use less.' },
  };
}

function afterRestarts({ restarts }: ContainerState): string {
  return restarts === 0 ? '' : `, after ${counted(restarts, 'restart')}`;
}

function ended({ pod }: PodAbout): Finding | undefined {
  const container = pod.containers.find((each) => {
    const end = lastEnd(each);
    return !each.ready && end !== undefined && !(end.exitCode === 0 && each.now.state === 'terminated');
  });
  const end = container && lastEnd(container);
  if (!container || !end) return undefined;
  const how = container.restarts > 0 ? 'crashes again and again' : 'ended';
  return {
    code: 'crash-loop',
    state: 'failed',
    text: inPod(
      pod,
      `container ${container.name} ${how}: exit code ${end.exitCode}, ${meaningOf(end)}${afterRestarts(container)}`,
    ),
    next: { text: `Its output says more: kubectl logs ${pod.name} -c ${container.name} --previous` },
  };
}

function mount({ pod, events }: PodAbout): Finding | undefined {
  const event = events.find(({ reason }) => reason === 'FailedMount' || reason === 'FailedAttachVolume');
  const isStarting = pod.containers.some(({ now }) => now.state === 'waiting');
  return event && isStarting
    ? { code: 'volume', state: 'failed', text: inPod(pod, `a volume cannot be mounted: ${event.message}`) }
    : undefined;
}

function podFailed({ pod }: PodAbout): Finding | undefined {
  if (pod.phase !== 'Failed') return undefined;
  return {
    code: 'pod-failed',
    state: 'failed',
    text: inPod(pod, `it failed${pod.reason === undefined ? '' : ` (${pod.reason})`}`),
  };
}

/** Probes fail for a while when a program starts, so that only those that fail again count. */
function notReady({ pod, events }: PodAbout): Finding | undefined {
  const event = events.find(({ reason }) => reason === 'Unhealthy');
  const container = pod.containers.find(({ ready, now }) => !ready && now.state === 'running');
  if (!event || !container) return undefined;
  const text = `container ${container.name} runs, but is not ready: ${event.message === '' ? 'its probe fails' : event.message}`;
  return {
    code: 'probe',
    state: event.count > 2 ? 'failed' : 'waiting',
    text: inPod(pod, `${text}, ${counted(event.count, 'time')}`),
    ...(event.lastAt === undefined ? {} : { since: event.lastAt }),
  };
}

function inPod({ name }: PodFacts, text: string): string {
  return clause(`pod ${name}: ${text}`);
}
