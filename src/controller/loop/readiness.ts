import type { SourceState } from '../../repository/index.ts';
import type { Leadership } from '../leadership/leadership.ts';
import type { Progress } from './progress.ts';

/**
 * A daemon is ready if its first sync has run, and its last sync and fetch reached the API server and the repository. Failed objects and
 * a repository that rejects pushes are reported elsewhere: neither a restart nor rerouting traffic would help. A daemon that waits for
 * the lease is ready when it could take over, and so is one whose window is closed. Otherwise a rolling update would never end: the new pod would wait for the lease, and
 * Kubernetes would wait for the new pod before stopping the old one.
 */
export function readinessOf(
  { applied, failure, waiting }: Pick<Progress, 'applied' | 'failure'> & Partial<Pick<Progress, 'waiting'>>,
  { status, error }: SourceState,
  leadership: Leadership,
): { readonly ready: boolean; readonly reason: string } {
  // Without a repository the daemon only serves queries about the cluster.
  if (status === 'unconfigured') return { ready: true, reason: '' };
  const trouble = leadership.state === 'unknown' ? leadership.trouble : undefined;
  const isFollowing = leadership.state === 'following';
  const isOutOfReach = status === 'new' || status === 'unreachable' || error?.code === 'git/branch-missing';
  const isNew = applied === undefined && !failure && !isOutOfReach && !trouble && waiting === undefined;
  const reasons = [
    ...(isOutOfReach ? [`Git: ${error?.message ?? 'the repository was not fetched yet'}`] : []),
    ...(trouble ? [`lease: ${trouble.message}`] : []),
    ...(failure && !isFollowing ? [`last sync: ${failure.message}`] : []),
    ...(isNew && !isFollowing ? ['the first sync has not ended yet'] : []),
  ];
  // Waiting is no fault.
  return {
    ready: reasons.length === 0,
    reason: [...reasons, ...(waiting === undefined || isFollowing ? [] : [waiting])].join('; '),
  };
}
