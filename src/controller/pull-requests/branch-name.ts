import { createHash } from 'node:crypto';
import type { ProposalNames } from '../../repository/index.ts';
import { parseResourceId, type ResourceId } from '../../resource/index.ts';

/** What shares a branch, and so a pull request. */
export type Grouping = 'all' | 'namespace' | 'workload';

export interface BranchNames extends ProposalNames {
  /** The branch of a workload's images. */
  of(workload: ResourceId): string;
}

/** Git and the hosts allow 250 or so; the prefix has at most 100. */
const LONGEST = 200;

/**
 * The branches of proposals: `<prefix>`, `<prefix>-<namespace>`, or `<prefix>-<namespace>-<kind>-<name>`. Two workloads whose names come
 * to the same one share it.
 */
export function branchNames(prefix: string, per: Grouping): BranchNames {
  return {
    prefix,
    of(workload) {
      if (per === 'all') return prefix;
      const { namespace, kind, name } = parseResourceId(workload);
      return bounded(prefix, per === 'namespace' ? namespace : `${namespace}-${kind}-${name}`);
    },
    includes: (name) => name === prefix || name.startsWith(`${prefix}-`),
  };
}

/** A name that Git does not allow, or that is too long, ends in a hash of what it stands for. */
function bounded(prefix: string, group: string): string {
  const plain = group.replace(/[^A-Za-z0-9_.-]/g, '-').replace(/\.(?=\.|$|lock$)/g, '-');
  const name = `${prefix}-${plain}`;
  if (plain === group && name.length <= LONGEST) return name;
  const hash = createHash('sha256').update(group).digest('hex').slice(0, 10);
  return `${name.slice(0, LONGEST - hash.length - 1)}-${hash}`;
}
