import { type Clock, FluxError, type Secret, withoutSecret } from '../base/index.ts';
import { type GitOutput, gitFailed } from './failure.ts';
import { GitThread } from './git-thread.ts';
import type { Selection } from './selection.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
}

export interface GitOptions {
  /** The bare repository. */
  readonly gitDir: string;
  /** An existing directory to start processes in. */
  readonly cwd: string;
  /** Everything the processes may see; see environment.ts. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Sent to the remote, which may say it back. */
  readonly password?: Secret;
  /** Told of each command that spoke to the remote. */
  readonly onRemote?: OnRemote;
  /** Told of each command that was ended before its time: what it had locked is locked still. */
  readonly onKilled?: () => void;
}

export type OnRemote = (call: {
  readonly operation: 'fetch' | 'push' | 'ls-remote';
  readonly success: boolean;
  readonly seconds: number;
}) => void;

interface ProcessOptions extends RunOptions {
  /** For its standard input. */
  readonly input?: string | Buffer;
  /** Added to the environment. */
  readonly extra?: Readonly<Record<string, string>>;
  /** What is kept of its output, and how much is read; default: all of it. */
  readonly select?: Selection;
}

/** The most output of any command that is read, in bytes. */
export const MAX_OUTPUT_BYTES = 160 << 20;

/** One thread for all repositories of the process. */
const thread = new GitThread();

/** How a git process of one repository is run, and what its end means. Which ones there are is said in git.ts. */
export function createGitProcess({ gitDir, cwd, environment, clock, password, onRemote, onKilled }: GitOptions) {
  /** Resolves with what the process left, whatever its exit code. */
  async function run(args: readonly string[], { signal, input, extra = {}, select }: ProcessOptions): Promise<GitOutput> {
    const command = `git ${args[0]}`;
    const env = { ...environment, GIT_DIR: gitDir, ...extra };
    const result = await thread
      .run(
        {
          args,
          cwd,
          env,
          maxBytes: MAX_OUTPUT_BYTES,
          ...(input === undefined ? {} : { input }),
          ...(select ? { select } : {}),
        },
        signal,
      )
      .catch((error: unknown) => {
        onKilled?.();
        throw error;
      });
    if (result.exitCode === undefined) onKilled?.();
    if (result.exceeded) throw tooMuch(command);
    const { buffer, byteOffset, byteLength } = result.stdout;
    const output = withoutPassword({ ...result, command, stdout: Buffer.from(buffer, byteOffset, byteLength) });
    if ((output.exitCode ?? 0) < 0 || /^Error: spawn /.test(output.stderr)) throw notStarted(command, output.stderr);
    return output;
  }

  /** What failed is told in the words of the remote. */
  function withoutPassword(output: GitOutput): GitOutput {
    if (output.exitCode === 0 || password === undefined) return output;
    const clean = (text: string) => withoutSecret(text, password.reveal());
    return { ...output, stdout: Buffer.from(clean(output.stdout.toString('utf8'))), stderr: clean(output.stderr) };
  }

  /** As run, for what speaks to the remote. */
  async function runRemote(
    args: readonly [Parameters<OnRemote>[0]['operation'], ...string[]],
    options: ProcessOptions,
  ): Promise<GitOutput> {
    const startedAt = clock.monotonic();
    let success = false;
    try {
      const output = await run(args, options);
      success = output.exitCode === 0;
      return output;
    } finally {
      onRemote?.({ operation: args[0], success, seconds: (clock.monotonic() - startedAt) / 1000 });
    }
  }

  /** As run, but anything but exit code 0 throws. */
  async function must(args: readonly string[], options: ProcessOptions): Promise<Buffer> {
    return stdoutOf(await run(args, options));
  }

  async function stdoutOf(output: GitOutput): Promise<Buffer> {
    if (output.exitCode !== 0) throw await gitFailed(output, cwd);
    return output.stdout;
  }

  return { run, runRemote, must, stdoutOf };
}

function tooMuch(command: string): FluxError {
  return new FluxError(`${command}: more output than is read, which is ${MAX_OUTPUT_BYTES >> 20} MiB at most`, {
    code: 'git/too-much-output',
  });
}

/** There is no git, or the system has no room for one more process just now. */
function notStarted(command: string, stderr: string): FluxError {
  const message = `${command}: git could not be started: ${stderr.split('\n', 1)[0]}`;
  return /\bE(?:NOENT|ACCES)\b/.test(stderr)
    ? new FluxError(message, {
        code: 'git/not-installed',
        help: 'Install git 2.32 or newer and have it on the PATH of fluxd.',
      })
    : new FluxError(message, {
        code: 'git/not-run',
        help: 'See how many processes and open files fluxd may have (limits of the pod, ulimit).',
      });
}
