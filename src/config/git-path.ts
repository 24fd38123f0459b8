/** Why a path does not lie within the repository: it is absolute, or leaves it by `..`; undefined if it does. */
export function faultOfGitPath(path: string): 'absolute' | 'outside' | undefined {
  if (path.startsWith('/')) return 'absolute';
  return path.split('/').includes('..') ? 'outside' : undefined;
}
