import { posix } from 'node:path';

/** A path without `./` and slashes too many; empty for the root. */
export function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** The folder of a plain path; empty for the root. */
export function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

/** Whether a plain path is a folder or below it; the empty one is the root. */
export function below(folder: string): (path: string) => boolean {
  if (folder === '') return () => true;
  const prefix = `${folder}/`;
  return (path) => path === folder || path.startsWith(prefix);
}
