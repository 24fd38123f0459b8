import { createCommandRunner } from './commands/command-runner.ts';
import { readCommands } from './commands/read.ts';
import { remoteCommands } from './commands/remote.ts';
import { storeCommands } from './commands/store.ts';
import { workTreeCommands } from './commands/work-tree.ts';
import { writeCommands } from './commands/write.ts';
import type { GitOptions } from './git-process.ts';

export type Git = ReturnType<typeof createGit>;

/**
 * All git commands of the product, one function each: argument lists are built only in `commands`. External values are placed after `--`
 * or `--end-of-options`, are passed through standard input, or have been validated by names.ts or validate-url.ts.
 */
export function createGit(options: GitOptions) {
  const runner = createCommandRunner(options);
  return {
    ...remoteCommands(runner),
    ...readCommands(runner, options),
    ...storeCommands(runner),
    ...workTreeCommands(runner),
    ...writeCommands(runner, options),
  };
}
