/** Policies as annotations. In order of precedence: when a policy is written under several prefixes, the first one counts. */
const CURRENT = 'fluxcd.io/';
const LEGACY = 'flux.weave.works/';
const FILTER = 'filter.fluxcd.io/';
const TAG = 'tag.';

type Annotations = Readonly<Record<string, string>>;

/**
 * The policies among the annotations of an object, by name without prefix (`automated`, `tag.web`). Unquoted YAML booleans count
 * as their text, as in Flux v1: whoever wrote `ignore: true` meant it.
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

/** The annotation key to edit for a policy: the one the object already uses, else the current prefix. */
export function annotationKeyFor(existing: Annotations | undefined, policy: string): string {
  const current = `${CURRENT}${policy}`;
  const candidates = [current, `${LEGACY}${policy}`, ...(policy.startsWith(TAG) ? [`${FILTER}${policy.slice(TAG.length)}`] : [])];
  return candidates.find((key) => existing !== undefined && Object.hasOwn(existing, key)) ?? current;
}
