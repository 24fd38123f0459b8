import type { Revision } from '../../repository/index.ts';
import type { AutomatedSpec, RevertSpec } from '../../update/index.ts';
import type { ImageFailure } from './blame.ts';
import { failureOf, type Trial } from './trial.ts';

/** A revert to be made: of one commit, so that it is one commit too. */
export interface DueRevert {
  readonly commit: Revision;
  readonly trials: readonly Trial[];
  readonly spec: AutomatedSpec & { readonly Revert: RevertSpec };
}

const LONGEST_MESSAGE = 300;

/** The revert of failed trials of one commit. With messages, it quotes the termination messages of containers. */
export function revertOf(
  commit: Revision,
  trials: readonly Trial[],
  { withMessages }: { readonly withMessages: boolean },
): DueRevert {
  const Changes = trials.flatMap((trial) => {
    const failure = failureOf(trial);
    return trial.images.map(({ container, bad, good }) => ({
      WorkloadID: trial.workload,
      Container: { Name: container, Image: bad },
      ImageID: good,
      ...(failure?.container === container && failure.digest !== undefined ? { Digest: failure.digest } : {}),
    }));
  });
  const reasons = trials.flatMap((trial) => {
    const failure = failureOf(trial);
    return failure ? [[trial.workload, describeFailure(failure, withMessages)] as const] : [];
  });
  return { commit, trials, spec: { Changes, Revert: { Commit: commit, Reasons: Object.fromEntries(reasons) } } };
}

/** `container web: CrashLoopBackOff, exit code 1 (pod web-1)`. */
export function describeFailure({ pod, container, reason, exitCode, message }: ImageFailure, withMessage: boolean): string {
  const end = exitCode === undefined ? '' : `, exit code ${exitCode}`;
  const said = withMessage && message !== undefined ? `: ${oneLine(message)}` : '';
  return `container ${container}: ${reason}${end} (pod ${pod})${said}`;
}

function oneLine(text: string): string {
  return JSON.stringify(text.slice(0, LONGEST_MESSAGE));
}
