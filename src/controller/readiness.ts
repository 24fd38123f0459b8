import type { SourceState } from './ports.ts';
import type { Progress } from './progress.ts';

/**
 * Ready is a daemon that has carried out its first sync, and whose last sync and last fetch met both the API server and the
 * repository. Objects that failed, and a repository that takes no pushes, are told elsewhere: a restart, or traffic sent
 * elsewhere, would not help them.
 */
export function readinessOf(
  { applied, failure }: Pick<Progress, 'applied' | 'failure'>,
  { status, error }: SourceState,
): { readonly ready: boolean; readonly reason: string } {
  // Without a repository there is nothing to be ready for but questions about the cluster.
  if (status === 'unconfigured') return { ready: true, reason: '' };
  const isOutOfReach = status === 'new' || status === 'unreachable' || error?.code === 'git/branch-missing';
  const reasons = [
    ...(isOutOfReach ? [`Git: ${error?.message ?? 'the repository was not fetched yet'}`] : []),
    ...(failure ? [`last sync: ${failure.message}`] : []),
    ...(applied === undefined && !failure && !isOutOfReach ? ['the first sync has not ended yet'] : []),
  ];
  return { ready: reasons.length === 0, reason: reasons.join('; ') };
}
