import { below, type Cancellable } from '../base/index.ts';
import type { CommandOutcome, CommandRun } from '../repository/index.ts';
import type { CommandRunner } from './command-runner.ts';

interface Options {
  /** Folders relative to the root of the repository, without `.` and `..`; empty for the root. */
  readonly folders: readonly string[];
  /** Runs commands that start in one of the folders, or below it. */
  readonly inside: Pick<CommandRunner, 'run'>;
  /** Runs all others. */
  readonly outside: Pick<CommandRunner, 'run'>;
}

/** Runs commands by one of two runners. */
export function byFolder({ folders, inside, outside }: Options): Pick<CommandRunner, 'run'> {
  const isInOne = folders.map(below);
  return {
    run: (run: CommandRun, options?: Cancellable): Promise<CommandOutcome> =>
      (isInOne.some((isIn) => isIn(run.directory)) ? inside : outside).run(run, options),
  };
}
