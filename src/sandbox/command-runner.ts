import type { Cancellable } from '../base/index.ts';
import type { CommandOutcome, CommandRun, SandboxLayers } from '../repository/index.ts';

/** Runs the commands of a repository, one run after another. */
export interface CommandRunner {
  /**
   * A failed command is an outcome. An aborted signal ends the run within a second: what it started is killed, and the promise rejects
   * with the signal's reason.
   * @throws FluxError `sandbox/refused` (the files or commands cannot be run anywhere), `sandbox/unavailable` (no sandbox is connected, or
   * it has too few layers), `sandbox/lost` (the connection or its process was lost; the run may be repeated), `sandbox/failed` (the sandbox
   * could not lay out the files, or start the command)
   */
  run(run: CommandRun, options?: Cancellable): Promise<CommandOutcome>;
  /** What confines commands right now. */
  layers(): SandboxLayers;
  /** Ends the run in progress, and removes what is left. */
  close(): Promise<void>;
}
