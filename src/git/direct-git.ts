import { randomUUID } from 'node:crypto';
import { withDeadline } from '../base/index.ts';
import type { GitRunner } from './git-process.ts';
import { runGit } from './git-program.ts';
import { GRACE_MS } from './git-thread.ts';
import { killMarked, marked } from './process-tree.ts';

/** Runs git processes from this thread, for a command that does nothing else meanwhile. */
export const directGit: GitRunner = {
  async run(call, signal) {
    signal.throwIfAborted();
    const id = randomUUID();
    const kill = () => killMarked(id);
    // simple-git interrupts git and then waits for its streams to end, which ssh or git-remote-https may keep open.
    const abandoned = Promise.withResolvers<never>();
    const abandon = () => {
      kill();
      abandoned.reject(signal.reason);
    };
    const onAbort = () => withDeadline(GRACE_MS).signal.addEventListener('abort', abandon);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([runGit({ ...call, env: { ...call.env, ...marked(id) } }, signal, kill), abandoned.promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (signal.aborted) kill();
    }
  },
};
