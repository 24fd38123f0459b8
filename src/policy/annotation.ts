/** Annotation prefixes of policies, in order of precedence: of several annotations for one policy, the first applies. */
const CURRENT = 'fluxcd.io/';
const LEGACY = 'flux.weave.works/';
const FILTER = 'filter.fluxcd.io/';
const TAG = 'tag.';

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
      policies.set(`${prefix === FILTER ? TAG : ''}${key.slice(prefix.length)}`, String(value));
    }
  }
  return policies;
}

/** The annotation key to edit for a policy: the object's existing one, or else one with the current prefix. */
export function annotationKeyFor(existing: Annotations | undefined, policy: string): string {
  const current = `${CURRENT}${policy}`;
  const candidates = [current, `${LEGACY}${policy}`, ...(policy.startsWith(TAG) ? [`${FILTER}${policy.slice(TAG.length)}`] : [])];
  return candidates.find((key) => existing !== undefined && Object.hasOwn(existing, key)) ?? current;
}
