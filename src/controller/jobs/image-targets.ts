import { canonicalName, type ImageTarget, tryParseImageRef } from '../../image/index.ts';
import { hasPolicy, policiesOf, type TagPattern, tagPatternFor, tagPolicy } from '../../policy/index.ts';
import { containersOf, type Manifest, parseResourceId, podSpecOf, type ResourceId } from '../../resource/index.ts';

interface Use {
  readonly namespace: string;
  readonly secrets: readonly string[];
  readonly serviceAccount: string;
  /** May be empty. */
  readonly tag: string;
  /** Set if this image's tags are selected by time, or if the digest of the selected one is pinned. */
  readonly timed?: TagPattern;
}

/** All image repositories that the workloads of a revision use, with the credentials of each workload and the needed tags. */
export function imageTargets(workloads: ReadonlyMap<ResourceId, Manifest>): readonly ImageTarget[] {
  const uses = new Map<string, Use[]>();
  for (const [id, manifest] of workloads) {
    for (const [name, use] of usesOf(id, manifest)) uses.set(name, [...(uses.get(name) ?? []), use]);
  }
  return [...uses].map(([name, list]) => {
    const patterns = list.flatMap(({ timed }) => (timed ? [timed] : []));
    return {
      name,
      pullSecrets: list.map(({ namespace, secrets, serviceAccount }) => ({ namespace, secrets, serviceAccount })),
      inUse: [...new Set(list.flatMap(({ tag }) => (tag === '' ? [] : [tag])))],
      ...(patterns.length > 0 ? { needsTimes: (tag: string) => patterns.some((pattern) => pattern.matches(tag)) } : {}),
    };
  });
}

function usesOf(id: ResourceId, { object }: Manifest): [string, Use][] {
  const { namespace } = parseResourceId(id);
  const policies = policiesOf(object.metadata.annotations ?? {});
  const pod = podSpecOf(object);
  const secrets = namesOf(pod?.imagePullSecrets);
  const serviceAccount =
    typeof pod?.serviceAccountName === 'string' && pod.serviceAccountName !== '' ? pod.serviceAccountName : 'default';
  return containersOf(object).flatMap(({ name, image }): [string, Use][] => {
    const ref = tryParseImageRef(image);
    const pattern = tagPatternFor(policies, name);
    // Without a tag pattern the times of tags are only informative, and the scanner decides whether to read them.
    const asked = hasPolicy(policies, 'automated') || policies.has(tagPolicy(name));
    const timed = asked && (pattern.needsTimes || (ref !== undefined && ref.digest !== '')) ? { timed: pattern } : {};
    return ref === undefined ? [] : [[canonicalName(ref), { namespace, secrets, serviceAccount, tag: ref.tag, ...timed }]];
  });
}

function namesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string' ? [entry.name] : [],
  );
}
