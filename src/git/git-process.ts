import { type Clock, FluxError } from '../base/index.ts';
import type { GitCredential } from './credentials/git-credential.ts';
import { bearerConfig, type Config, moreConfig } from './environment.ts';
import { type GitOutput, gitFailed, isRejection } from './failure.ts';
import { type GitCall, type GitResult, GitThread, type Limit } from './git-thread.ts';
import type { Selection } from './selection.ts';
import type { Signing } from './signatures/signing.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
}

/** Runs git processes. */
export interface GitRunner {
  run(call: GitCall, signal: AbortSignal): Promise<GitResult>;
}

export interface GitOptions {
  /** The bare repository. */
  readonly gitDir: string;
  /** Working directory of processes; must exist. */
  readonly cwd: string;
  /** Complete environment of processes; see environment.ts. */
  readonly environment: Readonly<Record<string, string>>;
  /** The ssh command of each process, in place of the one in the environment: keys may change. */
  readonly ssh?: () => string;
  /** By default, the thread of the process. */
  readonly runner?: GitRunner;
  readonly clock: Clock;
  /** Credentials for the remote, which may echo them. */
  readonly credential?: GitCredential;
  /** Signs commits and tags. */
  readonly signing?: Signing;
  /** Whether the repository lacks blobs that the remote has (partial-clone.ts). */
  readonly lacksBlobs?: () => boolean;
  /** Called after each command that contacted the remote. */
  readonly onRemote?: OnRemote;
  /** Called after a command was killed: its lock files remain. */
  readonly onKilled?: () => void;
}

export type OnRemote = (call: {
  readonly operation: 'fetch' | 'push' | 'ls-remote';
  readonly success: boolean;
  readonly seconds: number;
}) => void;

interface ProcessOptions extends RunOptions {
  /** Standard input. */
  readonly input?: string | Buffer;
  /** Added to the environment. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Selects the output to keep, and bounds it; all by default. */
  readonly select?: Selection;
  /** Output limit in bytes, below that of any command. */
  readonly maxBytes?: number;
}

interface RemoteOptions extends ProcessOptions {
  /** Added to the configuration. */
  readonly config?: Config;
}

/** Output limit of any command, in bytes. */
export const MAX_OUTPUT_BYTES = 160 << 20;

const GIB = 2 ** 30;
/** Memory limit of any command, in bytes: that of the container without what the daemon needs. */
const MAX_MEMORY_BYTES = Math.max(GIB / 4, Math.min(4 * GIB, (process.constrainedMemory() || 8 * GIB) - GIB / 4));

/** One thread for all repositories of the process. */
const thread = new GitThread();

/** Runs git processes for one repository, and interprets their exit. The commands are in git.ts. */
export function createGitProcess({
  gitDir,
  cwd,
  environment,
  ssh,
  clock,
  credential,
  onRemote,
  onKilled,
  runner = thread,
}: GitOptions) {
  /** Resolves to the result of the process for any exit code. */
  async function run(
    args: readonly string[],
    { signal, input, extra = {}, select, maxBytes = MAX_OUTPUT_BYTES }: ProcessOptions,
  ): Promise<GitOutput> {
    const command = `git ${args[0]}`;
    const env = { ...environment, ...(ssh ? { GIT_SSH_COMMAND: ssh() } : {}), GIT_DIR: gitDir, ...extra };
    const result = await runner
      .run(
        {
          args,
          cwd,
          env,
          maxBytes,
          maxMemoryBytes: MAX_MEMORY_BYTES,
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
    if (result.exceeded) throw exceeded(command, result.exceeded, maxBytes);
    const { buffer, byteOffset, byteLength } = result.stdout;
    const output = withoutPassword({ ...result, command, stdout: Buffer.from(buffer, byteOffset, byteLength) });
    if ((output.exitCode ?? 0) < 0 || /^Error: spawn /.test(output.stderr)) throw notStarted(command, output.stderr);
    return output;
  }

  /** Removes the password from the output of a failed command, since the remote may echo it. */
  function withoutPassword(output: GitOutput): GitOutput {
    if (output.exitCode === 0 || credential === undefined) return output;
    const { hide } = credential;
    return { ...output, stdout: Buffer.from(hide(output.stdout.toString('utf8'))), stderr: hide(output.stderr) };
  }

  /** Like run, for commands that contact the remote: with the credentials of this moment. */
  async function contact(args: readonly string[], { config = [], extra, ...options }: RemoteOptions): Promise<GitOutput> {
    // Those of the type `basic` are asked for by git itself. That there are none is known here before git starts.
    const given = await credential?.current(options);
    const bearer = given && credential?.type === 'bearer' ? bearerConfig(credential.origin, given.password.reveal()) : [];
    const output = await run(args, { ...options, extra: { ...extra, ...moreConfig(environment, [...config, ...bearer]) } });
    if (credential && isRejection(output)) credential.rejected();
    return output;
  }

  /** Like contact, and counted. */
  async function runRemote(
    args: readonly [Parameters<OnRemote>[0]['operation'], ...string[]],
    options: RemoteOptions,
  ): Promise<GitOutput> {
    const startedAt = clock.monotonic();
    let success = false;
    try {
      const output = await contact(args, options);
      success = output.exitCode === 0;
      return output;
    } finally {
      onRemote?.({ operation: args[0], success, seconds: (clock.monotonic() - startedAt) / 1000 });
    }
  }

  /** Like run, but throws unless the exit code is 0. */
  async function must(args: readonly string[], options: ProcessOptions): Promise<Buffer> {
    return stdoutOf(await run(args, options));
  }

  async function stdoutOf(output: GitOutput): Promise<Buffer> {
    if (output.exitCode !== 0) throw await gitFailed(output, cwd);
    return output.stdout;
  }

  return { run, contact, runRemote, must, stdoutOf };
}

function exceeded(command: string, limit: Limit, maxBytes: number): FluxError {
  switch (limit) {
    case 'output':
      return new FluxError(`${command}: output exceeds ${maxBytes >> 20} MiB`, { code: 'git/too-much-output' });
    case 'messages':
      return new FluxError(`${command}: messages of git and of the remote exceed 4 MiB`, {
        code: 'git/too-many-messages',
        help: 'The command was ended: the Git server sends messages without end.',
      });
    case 'memory':
      return new FluxError(`${command}: git needs more than ${Math.floor(MAX_MEMORY_BYTES / 2 ** 20)} MiB of memory`, {
        code: 'git/too-much-memory',
        help: 'The command was ended. Raise the memory limit of the container, or look for a push of very many objects.',
      });
  }
}

/** git is missing, or the system cannot create another process now. */
function notStarted(command: string, stderr: string): FluxError {
  const message = `${command}: cannot start git: ${stderr.split('\n', 1)[0]}`;
  return /\bE(?:NOENT|ACCES)\b/.test(stderr)
    ? new FluxError(message, {
        code: 'git/not-installed',
        help: 'Install git 2.36 or newer on the PATH of fluxd.',
      })
    : new FluxError(message, {
        code: 'git/not-run',
        help: 'Check the limits of processes and open files of fluxd (of the pod, ulimit).',
      });
}
