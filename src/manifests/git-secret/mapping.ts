import { posix } from 'node:path';
import { FluxError } from '../../base/index.ts';

/** Where git-secret lists the files that it hides. */
export const MAPPING_FILE = '.gitsecret/paths/mapping.cfg';
const MAX_BYTES = 1 << 20;
const MAX_PATHS = 10_000;
/** git-secret 0.2.4 and later write a hash of the clear content behind the path. */
const HASH = /:[0-9a-f]{64}$/;

/**
 * The paths of the files that git-secret hides, as `git secret add` lists them.
 * @throws FluxError `git-secret/bad-mapping`
 */
export function readMapping(content: Buffer): readonly string[] {
  if (content.length > MAX_BYTES) throw badMapping(`it has more than ${MAX_BYTES >> 20} MiB`);
  const lines = content.toString('utf8').split(/\r?\n/);
  const paths = lines.flatMap((line, index) => {
    const path = line.replace(HASH, '');
    if (path === '') return [];
    if (!isInside(path)) throw badMapping(`line ${index + 1} is no path in the repository`);
    return posix.normalize(path);
  });
  if (paths.length > MAX_PATHS) throw badMapping(`it has more than ${MAX_PATHS} files`);
  return [...new Set(paths)];
}

function isInside(path: string): boolean {
  const normal = posix.normalize(path);
  return !path.includes('\0') && !posix.isAbsolute(path) && normal !== '.' && normal !== '..' && !normal.startsWith('../');
}

export function badMapping(why: string): FluxError {
  return new FluxError(`the list of files of git-secret cannot be used: ${why}`, {
    code: 'git-secret/bad-mapping',
    fault: 'user',
    help: `Correct ${MAPPING_FILE}, or run "git secret add" and "git secret hide" again.`,
  });
}
