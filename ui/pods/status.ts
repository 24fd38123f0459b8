import type { LiveContainerWire, LivePodWire } from '../../src/api/wire/index.ts';

interface Status {
  /** As in StateMark. */
  readonly mark: string;
  readonly text: string;
}

/** How a pod is, in a word or two. */
export function statusOfPod({ phase, reason, ready, ending }: LivePodWire): Status {
  if (ending) return { mark: 'waiting', text: 'Ending' };
  if (phase === 'Succeeded') return { mark: 'ok', text: 'Succeeded' };
  if (phase === 'Failed') return { mark: 'failed', text: reason ?? 'Failed' };
  if (ready) return { mark: 'ok', text: 'Ready' };
  return { mark: 'waiting', text: reason ?? (phase === 'Running' ? 'Not ready' : phase) };
}

const STARTING: ReadonlySet<string> = new Set(['', 'ContainerCreating', 'PodInitializing']);

/** How a container is. */
export function statusOfContainer({ state, reason = '', exitCode = 0, ready, type }: LiveContainerWire): Status {
  switch (state) {
    case 'running':
      return ready || type === 'init' ? { mark: 'ok', text: 'Running' } : { mark: 'waiting', text: 'Running, not ready' };
    case 'waiting':
      return STARTING.has(reason) ? { mark: 'waiting', text: 'Starting' } : { mark: 'failed', text: reason };
    case 'terminated':
      return exitCode === 0 ? { mark: 'ok', text: 'Completed' } : { mark: 'failed', text: `${reason} (exit code ${exitCode})` };
    default:
      return { mark: 'unknown', text: 'Unknown' };
  }
}
