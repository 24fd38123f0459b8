import { containerOf, tagPolicy } from './tag-policy.ts';

/** Annotation prefixes of policies, in order of precedence: of several annotations for one policy, the first applies. */
const CURRENT = 'fluxcd.io/';
const LEGACY = 'flux.weave.works/';
const FILTER = 'filter.fluxcd.io/';

type Annotations = Readonly<Record<string, string>>;

/**
 * The policies among the annotations of an object, by name without prefix (`automated`, `tag.web`). Unquoted YAML booleans are read as
 * their text, as in Flux v1: `ignore: true` is certainly meant.
 */
export function policiesOf(annotations: Annotations | undefined): ReadonlyMap<string, string> {
  const policies = new Map<string, string>();
  for (const prefix of [FILTER, LEGACY, CURRENT]) {
    for (const [key, value] of Object.entries<unknown>(annotations ?? {})) {
      if (!key.startsWith(prefix) || !['string', 'boolean', 'number'].includes(typeof value)) continue;
      const name = key.slice(prefix.length);
      policies.set(prefix === FILTER ? tagPolicy(name) : name, String(value));
    }
  }
  return policies;
}

/** The annotation key to edit for a policy: the object's existing one, or else one with the current prefix. */
export function annotationKeyFor(existing: Annotations | undefined, policy: string): string {
  const current = `${CURRENT}${policy}`;
  const container = containerOf(policy);
  const candidates = [current, `${LEGACY}${policy}`, ...(container === undefined ? [] : [`${FILTER}${container}`])];
  return candidates.find((key) => existing !== undefined && Object.hasOwn(existing, key)) ?? current;
}
