import type { SourceState } from '../../repository/index.ts';
import type { Leadership } from '../leadership/leadership.ts';
import type { Progress } from './progress.ts';

/**
 * Ready is a daemon that has carried out its first sync, and whose last sync and last fetch met both the API server and the
 * repository. Objects that failed, and a repository that takes no pushes, are told elsewhere: a restart, or traffic sent
 * elsewhere, would not help them. One that waits for another to stop writing is ready when it could take over: were it not, a
 * rolling update would never end, because the new pod would wait for the lease, and Kubernetes, before it stops the old pod, for
 * the new one.
 */
export function readinessOf(
  { applied, failure }: Pick<Progress, 'applied' | 'failure'>,
  { status, error }: SourceState,
  leadership: Leadership,
): { readonly ready: boolean; readonly reason: string } {
  // Without a repository there is nothing to be ready for but questions about the cluster.
  if (status === 'unconfigured') return { ready: true, reason: '' };
  const trouble = leadership.state === 'unknown' ? leadership.trouble : undefined;
  const isFollowing = leadership.state === 'following';
  const isOutOfReach = status === 'new' || status === 'unreachable' || error?.code === 'git/branch-missing';
  const isNew = applied === undefined && !failure && !isOutOfReach && !trouble;
  const reasons = [
    ...(isOutOfReach ? [`Git: ${error?.message ?? 'the repository was not fetched yet'}`] : []),
    ...(trouble ? [`lease: ${trouble.message}`] : []),
    ...(failure && !isFollowing ? [`last sync: ${failure.message}`] : []),
    ...(isNew && !isFollowing ? ['the first sync has not ended yet'] : []),
  ];
  return { ready: reasons.length === 0, reason: reasons.join('; ') };
}
