import type { RunOptions } from '../git-process.ts';
import type { CommandRunner } from './command-runner.ts';

/** Commands that read a work tree. */
export function workTreeCommands({ must }: CommandRunner) {
  return {
    /**
     * What a commit of everything would have. Entries `<tag> <mode> <id> <stage>\t<path>\0` of the files in the index, also of those that
     * are gone; the tag is `S` for what a sparse checkout leaves out. Entries `? <path>\0` of others that are not ignored; a path that
     * ends in `/` is another repository.
     */
    lsFiles: (workTree: string, options: RunOptions): Promise<Buffer> =>
      must(['ls-files', '-s', '-t', '-z', '--cached', '--others', '--exclude-standard', '--full-name', '--'], {
        ...options,
        extra: { GIT_WORK_TREE: workTree },
      }),
  };
}
