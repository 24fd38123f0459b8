import { policyOfSecondKey, secondKeyFor } from './container-policy.ts';

/** Annotation prefixes of policies, in order of precedence: of several annotations for one policy, the first applies. */
const CURRENT = 'fluxcd.io/';
const LEGACY = 'flux.weave.works/';

/** Kubernetes allows so many characters after the prefix of an annotation. */
const MAX_NAME = 63;

type Annotations = Readonly<Record<string, string>>;

/**
 * The policies among the annotations of an object, by name without prefix (`automated`, `tag.web`). Unquoted YAML booleans are read as
 * their text, as in Flux v1: `ignore: true` is certainly meant.
 */
export function policiesOf(annotations: Annotations | undefined): ReadonlyMap<string, string> {
  const policies = new Map<string, string>();
  for (const form of [policyOfSecondKey, without(LEGACY), without(CURRENT)]) {
    for (const [key, value] of Object.entries<unknown>(annotations ?? {})) {
      const policy = form(key);
      if (policy !== undefined && ['string', 'boolean', 'number'].includes(typeof value)) policies.set(policy, String(value));
    }
  }
  return policies;
}

function without(prefix: string): (key: string) => string | undefined {
  return (key) => (key.startsWith(prefix) ? key.slice(prefix.length) : undefined);
}

/**
 * The annotation key to edit for a policy: the object's existing one, or else one with the current prefix, or in the second form if the
 * name is too long for that.
 */
export function annotationKeyFor(existing: Annotations | undefined, policy: string): string {
  const current = `${CURRENT}${policy}`;
  const second = secondKeyFor(policy);
  const candidates = [current, `${LEGACY}${policy}`, ...(second === undefined ? [] : [second])];
  const found = candidates.find((key) => existing !== undefined && Object.hasOwn(existing, key));
  return found ?? (policy.length > MAX_NAME ? (second ?? current) : current);
}
