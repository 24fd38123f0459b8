/**
 * What runs on the thread that `GitThread` starts: git processes, each told of to its end. To start a process holds up the thread
 * that does so until the new program runs, the longer the more memory the daemon has. Knows nothing of GitOps, and of our packages
 * loads simple-git alone.
 */
import { parentPort } from 'node:worker_threads';
import { GitPluginError, type SimpleGitOptions, simpleGit } from 'simple-git';
import type { GitAnswer, GitCall, GitOrder, GitResult } from './git-thread.ts';
import { killMarked } from './process-tree.ts';
import { createSelection } from './selection.ts';

/**
 * simple-git's guard is a second fence behind git.ts. It compares configuration keys by substring, host names in them
 * included, so its rules for keys are off: configuration comes from environment.ts and nowhere else. Its rules for arguments
 * that run programs (pack programs, --exec) stay on.
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
};

/** What ends each call before its time. */
interface Ends {
  readonly interrupt: () => void;
  readonly abandon: () => void;
}

const running = new Map<string, Ends>();

parentPort?.on('message', (order: GitOrder) => {
  if ('interrupt' in order) return running.get(order.interrupt)?.interrupt();
  if ('abandon' in order) return running.get(order.abandon)?.abandon();
  const { id, mark, call } = order;
  const abort = new AbortController();
  // simple-git interrupts git and then waits for the ends of its streams, which ssh or git-remote-https may hold open.
  const abandoned = Promise.withResolvers<never>();
  running.set(id, { interrupt: () => abort.abort(), abandon: () => abandoned.reject(new Error('given up')) });
  const answer = (given: GitAnswer) => {
    running.delete(id);
    // Whatever the command has started ends with it, before anybody hears of its end.
    if (abort.signal.aborted) killMarked(mark, id);
    parentPort?.postMessage(given, 'result' in given ? movable(given.result.stdout) : []);
  };
  Promise.race([run(call, abort.signal, () => killMarked(mark, id)), abandoned.promise]).then(
    (result) => answer({ id, result }),
    (error: unknown) => answer({ id, failure: error instanceof Error ? error : new Error(String(error)) }),
  );
});

/** What is large is handed over, not copied. */
function movable({ buffer, byteLength }: Uint8Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength > 1 << 20 ? [buffer] : [];
}

async function run(
  { args, cwd, env, input, maxBytes, select }: GitCall,
  signal: AbortSignal,
  kill: () => void,
): Promise<GitResult> {
  let result: GitResult | undefined;
  const enough = new AbortController();
  const selection = select && createSelection(select);
  const ended = simpleGit({
    baseDir: cwd,
    abort: AbortSignal.any([signal, enough.signal]),
    allowEnvironment: Object.keys(env),
    unsafe: UNSAFE,
    // The end of the streams, not of the process, is the end of the output.
    completion: { onClose: true, onExit: false },
    // Never undefined: simple-git then leaves standard input open and a command that reads it hangs.
    input: () => (input === undefined ? Buffer.alloc(0) : Buffer.from(input)),
    // Called for every task: the way to have exit code and bytes, which raw() itself folds into one text.
    errors: (error, { exitCode, stdOut, stdErr }) => {
      if (error instanceof GitPluginError) return error;
      // Null, whatever its type says, for a process that a signal ended.
      const stdout = selection?.output() ?? Buffer.concat(stdOut);
      result = { exitCode: exitCode ?? undefined, stdout, stderr: Buffer.concat(stdErr).toString('utf8') };
      return undefined;
    },
  })
    .env(env)
    .outputHandler((_command, stdout) => {
      pretendOutput(stdout);
      // simple-git gathers all that comes, which is what a selection is to spare.
      if (selection) stdout.removeAllListeners('data');
      let bytesLeft = maxBytes;
      stdout.on('data', (chunk: Buffer) => {
        if (enough.signal.aborted) return;
        bytesLeft -= chunk.length;
        if (bytesLeft >= 0 && (selection?.add(chunk) ?? true)) return;
        enough.abort();
        kill();
      });
    })
    .raw([...args]);
  try {
    await ended;
  } catch (error) {
    if (enough.signal.aborted && !signal.aborted)
      return { exitCode: undefined, stdout: new Uint8Array(), stderr: '', exceeded: true };
    throw error;
  }
  if (!result) throw new Error('ended without a result');
  return result;
}

/** simple-git waits 50 ms more for a command that printed nothing, as most of ours do; an empty piece of output spares us that. */
function pretendOutput(stdout: NodeJS.ReadableStream): void {
  queueMicrotask(() => stdout.emit('data', Buffer.alloc(0)));
}
