import { randomUUID } from 'node:crypto';
import type { GitRunner } from './git-process.ts';
import { runGit } from './git-program.ts';
import { killMarked } from './process-tree.ts';

const MARK = 'FLUX_GIT_RUN';

/** Runs git processes from this thread, for a command that does nothing else meanwhile. */
export const directGit: GitRunner = {
  run(call, signal) {
    signal.throwIfAborted();
    const id = randomUUID();
    return runGit({ ...call, env: { ...call.env, [MARK]: id } }, signal, () => killMarked(MARK, id));
  },
};
