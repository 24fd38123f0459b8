/**
 * The policies of one container, such as `tag.web`, each with the prefix of its second form. Names of annotations have at most 63
 * characters after the prefix, so that `fluxcd.io/ban.<container>` is not possible for every container, but `ban.fluxcd.io/<container>`
 * is. `tag.fluxcd.io/` has another meaning in a HelmRelease; the second form of a tag pattern is Flux v1's.
 */
const SECOND_PREFIXES = {
  tag: 'filter.fluxcd.io/',
  ban: 'ban.fluxcd.io/',
  order: 'order.fluxcd.io/',
  'min-age': 'min-age.fluxcd.io/',
  pin: 'pin.fluxcd.io/',
  verify: 'verify.fluxcd.io/',
} as const;

export type ContainerPolicyKind = keyof typeof SECOND_PREFIXES;

const KINDS = Object.keys(SECOND_PREFIXES) as readonly ContainerPolicyKind[];

/** The name of a policy of one container: `ban.web`. */
export function containerPolicy(kind: ContainerPolicyKind, container: string): string {
  return `${kind}.${container}`;
}

/** The name of the policy that holds the tag pattern of a container. */
export function tagPolicy(container: string): string {
  return containerPolicy('tag', container);
}

/** What a policy is about, if it is about one container. */
export function containerOf(policy: string): { readonly kind: ContainerPolicyKind; readonly container: string } | undefined {
  const kind = KINDS.find((each) => policy.startsWith(`${each}.`));
  return kind && { kind, container: policy.slice(kind.length + 1) };
}

/** The second form of the annotation for a policy; undefined if the policy is not about one container. */
export function secondKeyFor(policy: string): string | undefined {
  const about = containerOf(policy);
  return about && `${SECOND_PREFIXES[about.kind]}${about.container}`;
}

/** The policy that an annotation in the second form holds. */
export function policyOfSecondKey(key: string): string | undefined {
  const kind = KINDS.find((each) => key.startsWith(SECOND_PREFIXES[each]));
  return kind && containerPolicy(kind, key.slice(SECOND_PREFIXES[kind].length));
}
