import type { HostKind } from '../../../src/git-host/index.ts';

/** Whether requests of this host have labels. */
export function hasLabels(kind: HostKind): boolean {
  return !kind.startsWith('bitbucket');
}

/** Whether this host can merge requests by itself. */
export function hasAutoMerge(kind: HostKind): boolean {
  return kind !== 'bitbucket-cloud';
}
