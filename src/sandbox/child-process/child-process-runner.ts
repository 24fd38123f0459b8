import { mkdir } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Cancellable, Clock, Logger } from '../../base/index.ts';
import type { CommandOutcome, CommandRun, SandboxLayers } from '../../repository/index.ts';
import { checkCommands } from '../check-commands.ts';
import type { CommandRunner } from '../command-runner.ts';
import { type Layout, layOut } from '../layout.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../limits.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { findChanges } from './changes.ts';
import { isUnchanged, type LaidOut, writeOut } from './laid-out.ts';
import { removeFolder } from './remove-folder.ts';
import { runCommand } from './run-command.ts';

export interface ChildProcessRunnerOptions {
  /** Of this runner alone; created, and emptied at the first run and by `close`. */
  readonly directory: string;
  /** The `PATH` of the user. Parts of it that are not absolute are left out. */
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: RunLimits;
}

const LACKS = [
  'commands run as the user of this process, and can read and write what it can',
  'commands can reach the network',
  'memory and the number of processes are not limited',
  'a process that calls setsid outlives its command',
];

/** Copies of files that are kept for the next run, newest first. */
const KEPT = 2;

/**
 * Runs commands as child processes of this one: for a machine of the person who trusts the repository. The files, the environment, time
 * and output are bounded; nothing else is (`layers`).
 */
export function createChildProcessRunner(options: ChildProcessRunnerOptions): CommandRunner {
  const runner = new ChildProcesses(options);
  return {
    run: (run, cancellable) => runner.run(run, cancellable),
    layers: (): SandboxLayers => ({ kind: 'child-process', lacks: LACKS }),
    close: () => runner.close(),
  };
}

class ChildProcesses {
  readonly #options: ChildProcessRunnerOptions;
  readonly #limits: RunLimits;
  readonly #path: string;
  readonly #inTurn = oneAtATime();
  readonly #closing = new AbortController();
  #kept: readonly { readonly id: string; readonly laidOut: LaidOut }[] = [];
  #made = 0;

  constructor(options: ChildProcessRunnerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#path = options.path.split(delimiter).filter(isAbsolute).join(delimiter);
  }

  async run(run: CommandRun, { signal }: Cancellable = {}): Promise<CommandOutcome> {
    const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return await this.#inTurn(either, async () => {
      const layout = await layOut(run.files.files, either);
      checkCommands(run, layout);
      if (this.#made === 0) await this.#empty();
      const home = await this.#newFolder();
      try {
        await mkdir(home, { mode: 0o700 });
        const laidOut = run.writable
          ? await writeOut(run.files, layout, { root: join(home, 'files'), writable: true, signal: either })
          : await this.#keptCopy(run, layout, either);
        return await this.#runIn(laidOut, home, run, either);
      } finally {
        await this.#remove(home);
      }
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the runner of commands was closed'));
    await this.#inTurn(undefined, () => removeFolder(this.#options.directory));
  }

  async #runIn(laidOut: LaidOut, home: string, run: CommandRun, signal: AbortSignal): Promise<CommandOutcome> {
    const outputs: Buffer[] = [];
    let outputLeft = this.#limits.outputBytes;
    for (const [index, command] of run.commands.entries()) {
      const ended = await this.#runOne(command, { laidOut, own: join(home, String(index)), run, signal, outputLeft });
      if (ended.kind === 'failed') return { kind: 'failed', command: index, failure: ended.failure, stderr: ended.stderr };
      outputs.push(ended.output);
      outputLeft -= ended.output.length;
    }
    if (!run.writable) return { kind: 'succeeded', outputs, changed: [] };
    const changes = await findChanges(laidOut, run.files, this.#limits);
    if (changes.kind === 'changed') return { kind: 'succeeded', outputs, changed: changes.files };
    return { kind: 'failed', command: Math.max(run.commands.length - 1, 0), failure: changes.failure, stderr: '' };
  }

  async #runOne(command: CommandRun['commands'][number], { laidOut, own, run, signal, outputLeft }: Running) {
    const [HOME, TMPDIR] = [join(own, 'home'), join(own, 'tmp')];
    for (const folder of [own, HOME, TMPDIR]) await mkdir(folder, { mode: 0o700 });
    try {
      return await runCommand(command, {
        cwd: join(laidOut.root, run.directory),
        environment: { PATH: this.#path, HOME, TMPDIR },
        outputLeft,
        outputBytes: this.#limits.outputBytes,
        fileBytes: this.#limits.fileBytes,
        clock: this.#options.clock,
        signal,
      });
    } finally {
      await this.#remove(own);
    }
  }

  /** The read-only copy of these files, from an earlier run if nothing has touched it since. */
  async #keptCopy({ files }: CommandRun, layout: Layout, signal: AbortSignal): Promise<LaidOut> {
    const found = this.#kept.find(({ id }) => id === files.id);
    const others = this.#kept.filter((kept) => kept !== found);
    if (found && (await isUnchanged(found.laidOut))) {
      this.#kept = [found, ...others];
      return found.laidOut;
    }
    this.#kept = others.slice(0, KEPT - 1);
    for (const { laidOut } of [...(found ? [found] : []), ...others.slice(KEPT - 1)]) await this.#remove(laidOut.root);
    const root = await this.#newFolder();
    try {
      const laidOut = await writeOut(files, layout, { root, writable: false, signal });
      this.#kept = [{ id: files.id, laidOut }, ...this.#kept];
      return laidOut;
    } catch (error) {
      await this.#remove(root);
      throw error;
    }
  }

  async #newFolder(): Promise<string> {
    this.#made += 1;
    return join(this.#options.directory, String(this.#made));
  }

  async #empty(): Promise<void> {
    await removeFolder(this.#options.directory);
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
  }

  /** What cannot be removed, since something still writes there, is removed with the directory. */
  async #remove(folder: string): Promise<void> {
    await removeFolder(folder).catch((err: unknown) => {
      this.#options.logger.warn({ err, folder }, 'files of commands cannot be removed');
    });
  }
}

interface Running {
  readonly laidOut: LaidOut;
  /** The folder of this command alone. */
  readonly own: string;
  readonly run: CommandRun;
  readonly signal: AbortSignal;
  readonly outputLeft: number;
}
