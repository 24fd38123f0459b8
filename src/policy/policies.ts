import { tagPolicy } from './container-policy.ts';
import { parseTagPattern, type TagPattern } from './tag-pattern.ts';

/** Policies of one workload by name without prefix, as returned by `policiesOf`. */
export type Policies = ReadonlyMap<string, string>;

/** Policies that are on or off. */
export type BooleanPolicy = 'automated' | 'locked' | 'ignore';

/** A policy is on only if its value is exactly `true`; `ignore: sync_only` is not `ignore`. */
export function hasPolicy(policies: Policies, policy: BooleanPolicy): boolean {
  return policies.get(policy) === 'true';
}

/** The tag pattern of a container; without one every tag matches. */
export function tagPatternFor(policies: Policies, container: string): TagPattern {
  return parseTagPattern(policies.get(tagPolicy(container)) ?? 'glob:*');
}
