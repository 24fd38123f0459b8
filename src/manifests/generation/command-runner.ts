import type { Cancellable } from '../../base/index.ts';
import type { CommandOutcome, CommandRun } from '../../repository/index.ts';

/** Runs the commands of a repository, apart from the daemon. */
export interface CommandRunner {
  /** @throws FluxError if they cannot be run, or their end is not known; the same commands may be run again then */
  run(run: CommandRun, options?: Cancellable): Promise<CommandOutcome>;
}
