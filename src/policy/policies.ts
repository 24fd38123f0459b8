import { type Bans, parseBans } from './ban.ts';
import { containerPolicy, tagPolicy } from './container-policy.ts';
import { orderedBy, parseTagPattern, type TagPattern } from './tag-pattern.ts';

/** Policies of one workload by name without prefix, as returned by `policiesOf`. */
export type Policies = ReadonlyMap<string, string>;

/** Policies that are on or off. */
export type BooleanPolicy = 'automated' | 'locked' | 'ignore' | 'suspend';

/** A policy is on only if its value is exactly `true`; `ignore: sync_only` is not `ignore`. */
export function hasPolicy(policies: Policies, policy: BooleanPolicy): boolean {
  return policies.get(policy) === 'true';
}

/** The tag pattern of a container, in its order if it has one; without a pattern every tag matches. */
export function tagPatternFor(policies: Policies, container: string): TagPattern {
  const text = policies.get(tagPolicy(container)) ?? 'glob:*';
  const order = policies.get(containerPolicy('order', container));
  const key = order === undefined ? text : `${text}\n${order}`;
  const known = PATTERNS.get(key);
  if (known) return known;
  if (PATTERNS.size >= MAX_PATTERNS) PATTERNS.clear();
  const pattern = parseTagPattern(text);
  const ordered = order === undefined ? pattern : orderedBy(pattern, order);
  PATTERNS.set(key, ordered);
  return ordered;
}

/** Workloads share patterns, and a regular expression takes time to compile. */
const PATTERNS = new Map<string, TagPattern>();
const MAX_PATTERNS = 5000;

/** The bans of a container. */
export function bansFor(policies: Policies, container: string): Bans {
  return parseBans(policies.get(containerPolicy('ban', container)) ?? '');
}

/** Whether the image of a container is pinned to the digest of its tag; undefined if no annotation says so. */
export function pinFor(policies: Policies, container: string): boolean | { readonly invalid: string } | undefined {
  const text = policies.get(containerPolicy('pin', container));
  if (text === undefined) return undefined;
  return parsePin(text) ?? { invalid: text };
}

/** The value of `pin.<container>`; undefined if it is none. */
export function parsePin(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}
