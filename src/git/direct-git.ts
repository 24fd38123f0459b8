import { randomUUID } from 'node:crypto';
import type { GitRunner } from './git-process.ts';
import { runGit } from './git-program.ts';
import { killMarked, marked } from './process-tree.ts';

/** Runs git processes from this thread, for a command that does nothing else meanwhile. */
export const directGit: GitRunner = {
  run(call, signal) {
    signal.throwIfAborted();
    const id = randomUUID();
    return runGit({ ...call, env: { ...call.env, ...marked(id) } }, signal, () => killMarked(id));
  },
};
