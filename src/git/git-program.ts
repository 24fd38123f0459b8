/**
 * The program of the thread that `GitThread` starts: it runs git processes and reports their results. Starting a process blocks its
 * thread until the new program runs, the longer the more memory the daemon has. It knows nothing of GitOps, and of our packages loads
 * only simple-git.
 */
import { parentPort } from 'node:worker_threads';
import { GitPluginError, type SimpleGitOptions, simpleGit } from 'simple-git';
import type { GitAnswer, GitCall, GitOrder, GitResult, Limit } from './git-thread.ts';
import { killMarked, memoryOfMarked } from './process-tree.ts';
import { createSelection } from './selection.ts';

/** Limit of what a command writes to standard error, in bytes: messages of git and of the remote. */
const MAX_MESSAGE_BYTES = 4 << 20;

/**
 * simple-git's guard is a second line of defence behind git.ts. It matches configuration keys by substring, including host names in
 * them, so its rules for keys are disabled: configuration comes only from environment.ts. Its rules for arguments that run programs
 * (pack programs, --exec) stay enabled.
 */
const UNSAFE: NonNullable<SimpleGitOptions['unsafe']> = {
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeSshCommand: true,
  allowUnsafeGitProxy: true,
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeAskPass: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeAlias: true,
  allowUnsafePager: true,
  allowUnsafeEditor: true,
  allowUnsafeInclude: true,
  allowUnsafeGpgProgram: true,
};

/** A running call. */
interface Running {
  readonly interrupt: () => void;
  readonly abandon: () => void;
  /** Ends it if its memory exceeds the limit. */
  readonly weigh: () => void;
}

const running = new Map<string, Running>();

parentPort?.on('message', (order: GitOrder) => {
  if ('interrupt' in order) return running.get(order.interrupt)?.interrupt();
  if ('abandon' in order) return running.get(order.abandon)?.abandon();
  if ('weigh' in order) return running.get(order.weigh)?.weigh();
  const { id, call } = order;
  const abort = new AbortController();
  // simple-git interrupts git and then waits for its streams to end, which ssh or git-remote-https may keep open.
  const abandoned = Promise.withResolvers<never>();
  const limits = createLimits(() => killMarked(id));
  running.set(id, {
    interrupt: () => abort.abort(),
    abandon: () => abandoned.reject(new Error('abandoned')),
    weigh() {
      if (memoryOfMarked(id) > call.maxMemoryBytes) limits.exceed('memory');
    },
  });
  const answer = (given: GitAnswer) => {
    running.delete(id);
    // Child processes are ended before the result is reported.
    if (abort.signal.aborted) killMarked(id);
    parentPort?.postMessage(given, 'result' in given ? movable(given.result.stdout) : []);
  };
  Promise.race([runWithin(call, abort.signal, limits), abandoned.promise]).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, failure: error instanceof Error ? error : new Error(String(error)) }),
  );
});

/** Large buffers are transferred, not copied. */
function movable({ buffer, byteLength }: Uint8Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength > 1 << 20 ? [buffer] : [];
}

type Limits = ReturnType<typeof createLimits>;

/** Ends a call that exceeds a limit, and keeps which one. */
function createLimits(kill: () => void) {
  const abort = new AbortController();
  let exceeded: Limit | undefined;
  return {
    signal: abort.signal,
    exceeded: () => exceeded,
    exceed(limit: Limit): void {
      exceeded ??= limit;
      abort.abort();
      kill();
    },
  };
}

/** Runs one git process from this thread. */
export function runGit(call: GitCall, signal: AbortSignal, kill: () => void): Promise<GitResult> {
  return runWithin(call, signal, createLimits(kill));
}

async function runWithin(
  { args, cwd, env, input, maxBytes, select }: GitCall,
  signal: AbortSignal,
  limits: Limits,
): Promise<GitResult> {
  let result: GitResult | undefined;
  const selection = select && createSelection(select);
  const ended = simpleGit({
    baseDir: cwd,
    abort: AbortSignal.any([signal, limits.signal]),
    allowEnvironment: Object.keys(env),
    unsafe: UNSAFE,
    // The output ends with the streams, not with the process.
    completion: { onClose: true, onExit: false },
    // Never undefined: simple-git would leave standard input open, and a command that reads it would hang.
    input: () => (input === undefined ? Buffer.alloc(0) : Buffer.from(input)),
    // Called for every task: provides exit code and bytes, which raw() itself merges into one string.
    errors: (error, { exitCode, stdOut, stdErr }) => {
      if (error instanceof GitPluginError) return error;
      // Null, despite its type, for a process that a signal ended.
      const stdout = selection?.output() ?? Buffer.concat(stdOut);
      result = { exitCode: exitCode ?? undefined, stdout, stderr: Buffer.concat(stdErr).toString('utf8') };
      return undefined;
    },
  })
    .env(env)
    .outputHandler((_command, stdout, stderr) => {
      pretendOutput(stdout);
      // simple-git would collect all output, which a selection must avoid.
      if (selection) stdout.removeAllListeners('data');
      let bytesLeft = maxBytes;
      stdout.on('data', (chunk: Buffer) => {
        if (limits.exceeded()) return;
        bytesLeft -= chunk.length;
        if (bytesLeft >= 0 && (selection?.add(chunk) ?? true)) return;
        limits.exceed('output');
      });
      // A remote may send messages without end.
      let messagesLeft = MAX_MESSAGE_BYTES;
      stderr.on('data', (chunk: Buffer) => {
        if (limits.exceeded()) return;
        messagesLeft -= chunk.length;
        if (messagesLeft < 0) limits.exceed('messages');
      });
    })
    .raw([...args]);
  try {
    await ended;
  } catch (error) {
    const exceeded = limits.exceeded();
    if (exceeded && !signal.aborted) return { exitCode: undefined, stdout: new Uint8Array(), stderr: '', exceeded };
    throw error;
  }
  if (!result) throw new Error('ended without a result');
  return result;
}

/** simple-git waits another 50 ms for a command without output, which most of ours are; an empty chunk avoids that. */
function pretendOutput(stdout: NodeJS.ReadableStream): void {
  queueMicrotask(() => stdout.emit('data', Buffer.alloc(0)));
}
