import { parseTagPattern, type TagPattern } from './tag-pattern.ts';

/** Policies of one workload by name without prefix, as `policiesOf` reads them. */
export type Policies = ReadonlyMap<string, string>;

/** Policies that are on or off. */
export type BooleanPolicy = 'automated' | 'locked' | 'ignore';

/** On only with exactly the text `true`; `ignore: sync_only` is not `ignore`. */
export function hasPolicy(policies: Policies, policy: BooleanPolicy): boolean {
  return policies.get(policy) === 'true';
}

/** The tag pattern of a container; every tag is wanted where none is written. */
export function tagPatternFor(policies: Policies, container: string): TagPattern {
  return parseTagPattern(policies.get(`tag.${container}`) ?? 'glob:*');
}
