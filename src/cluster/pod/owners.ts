import { type ApiResource, builtIn } from '../discovery/api-resource.ts';

export const REPLICA_SET = builtIn('ReplicaSet', 'replicasets', 'apps');
export const JOB = builtIn('Job', 'jobs', 'batch');

const BETWEEN: Readonly<Record<string, readonly ApiResource[]>> = {
  Deployment: [REPLICA_SET],
  Rollout: [REPLICA_SET],
  CronJob: [JOB],
  StatefulSet: [],
  DaemonSet: [],
  CloneSet: [],
  Job: [],
};

/** The kinds of objects that a workload makes, and that make its pods in turn. */
export function ownersBetween({ kind }: Pick<ApiResource, 'kind'>): readonly ApiResource[] {
  return BETWEEN[kind] ?? [REPLICA_SET, JOB];
}
