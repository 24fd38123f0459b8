import type { ContainerState } from '../../../resource/index.ts';

/** Exit codes of shells and container runtimes; above 128, the signal that ended the program. */
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [0, 'its program ended without an error, and a container should keep running'],
  [1, 'its program failed'],
  [2, 'its program failed, or was called wrongly'],
  [126, 'its command cannot be executed'],
  [127, 'its command was not found'],
  [130, 'it was interrupted: SIGINT'],
  [134, 'its program aborted: SIGABRT'],
  [137, 'it was killed: SIGKILL'],
  [139, 'its program accessed invalid memory: SIGSEGV'],
  [143, 'it was asked to stop: SIGTERM'],
]);

/** What an exit code means. */
export function meaningOf({ reason, exitCode }: NonNullable<ContainerState['last']>): string {
  if (reason === 'OOMKilled') return 'it used more memory than its limit';
  const signal = exitCode > 128 && exitCode < 160 ? `it was ended by signal ${exitCode - 128}` : 'its program failed';
  return MEANINGS.get(exitCode) ?? signal;
}
