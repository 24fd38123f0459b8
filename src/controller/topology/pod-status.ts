import { type ContainerState, isStarting, type PodState } from '../../resource/index.ts';
import type { ContainerSummary, Status } from './node.ts';

/** A status with why, in a word or two of Kubernetes. What programs and kubelets printed is left out: it may hold secrets. */
export interface Verdict {
  readonly status: Status;
  readonly text: string;
}

/** How a pod is; of several troubles, that of the first container. */
export function podVerdict({ phase, reason, unscheduled, ready, ending, containers }: PodState): Verdict {
  if (ending) return { status: 'waiting', text: 'is being deleted' };
  if (phase === 'Succeeded') return { status: 'ok', text: 'has completed' };
  if (phase === 'Failed') return { status: 'failed', text: reason ?? failureOf(containers) ?? 'Failed' };
  const trouble = containers.map(containerVerdict).find(({ status }) => status === 'failed');
  if (trouble) return trouble;
  if (unscheduled !== undefined) return { status: 'waiting', text: 'no node takes it' };
  if (ready) return { status: 'ok', text: 'ready' };
  return { status: 'waiting', text: phase === 'Pending' ? 'is starting' : 'not ready' };
}

export function containersOfPod({ phase, containers }: PodState): readonly ContainerSummary[] {
  return containers.map((container) => ({
    name: container.name,
    image: container.image,
    ...(phase === 'Succeeded' ? { status: 'ok', text: 'has completed' } : containerVerdict(container)),
  }));
}

function containerVerdict({ ready, restarts, now }: ContainerState): Verdict {
  const again = restarts === 0 ? '' : `, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
  switch (now.state) {
    case 'running':
      return ready ? { status: 'ok', text: `running${again}` } : { status: 'waiting', text: `not ready${again}` };
    case 'waiting':
      if (isStarting(now.reason)) return { status: 'waiting', text: `is starting${again}` };
      return { status: 'failed', text: `${now.reason}${again}` };
    case 'terminated':
      if (now.exitCode === 0) return { status: 'ok', text: 'has completed' };
      return { status: 'failed', text: `${now.reason || 'Error'}, exit code ${now.exitCode}${again}` };
    case 'unknown':
      return { status: 'waiting', text: 'not started' };
  }
}

function failureOf(containers: readonly ContainerState[]): string | undefined {
  return containers.map(containerVerdict).find(({ status }) => status === 'failed')?.text;
}
