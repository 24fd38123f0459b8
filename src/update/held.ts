import { hasPolicy, type Policies, policiesOf } from '../policy/index.ts';
import { type Candidate, rejection } from './select.ts';
import type { WorkloadResult } from './spec.ts';

/**
 * Why the images of a workload stay as they are, for users and automation alike unless forced, in Flux v1's words; undefined if they may
 * be updated. A workload that is ignored in the cluster is held too: a change in Git would never be applied.
 */
export function heldBy(inGit: Policies, inCluster?: Policies): string | undefined {
  if (hasPolicy(inGit, 'locked')) return 'locked';
  if (hasPolicy(inGit, 'ignore') || (inCluster !== undefined && hasPolicy(inCluster, 'ignore'))) return 'ignore';
  return undefined;
}

/** Whether automation updates the workload, as far as Git says. */
export function isAutomated(inGit: Policies): boolean {
  return hasPolicy(inGit, 'automated') && heldBy(inGit) === undefined;
}

/** Rejects workloads that are held. */
export function refuseHeld({ policies, running }: Candidate): WorkloadResult | undefined {
  const reason = heldBy(policies, policiesOf(running.annotations));
  return reason === undefined ? undefined : rejection('skipped', reason);
}
