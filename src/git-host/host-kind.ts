export const HOSTS = ['github', 'gitlab', 'gitea', 'bitbucket-cloud', 'bitbucket-server', 'azure-devops'] as const;
export type HostKind = (typeof HOSTS)[number];

/** Whether requests of this host have labels. */
export function hasLabels(kind: HostKind): boolean {
  return !kind.startsWith('bitbucket');
}

/** Whether this host can merge requests by itself. */
export function hasAutoMerge(kind: HostKind): boolean {
  return kind !== 'bitbucket-cloud';
}
