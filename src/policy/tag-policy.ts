const PREFIX = 'tag.';

/** The name of the policy that holds the tag pattern of a container. */
export function tagPolicy(container: string): string {
  return `${PREFIX}${container}`;
}

/** The container whose tag pattern the policy holds; undefined if it is another policy. */
export function containerOf(policy: string): string | undefined {
  return policy.startsWith(PREFIX) ? policy.slice(PREFIX.length) : undefined;
}
