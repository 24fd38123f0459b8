import { canonicalName, type ImageTarget, mergeTargets, tryParseImageRef } from '../../image/index.ts';
import { bansFor, hasPolicy, needsDigests, policiesOf, tagPatternFor, tagPolicy } from '../../policy/index.ts';
import { containersOf, type Manifest, parseResourceId, podSpecOf, type ResourceId } from '../../resource/index.ts';

/** All image repositories that the workloads of a revision use, with the credentials of each workload and the needed tags. */
export function imageTargets(workloads: ReadonlyMap<ResourceId, Manifest>): readonly ImageTarget[] {
  return mergeTargets([...workloads].flatMap(([id, manifest]) => targetsOf(id, manifest)));
}

function targetsOf(id: ResourceId, { object }: Manifest): ImageTarget[] {
  const { namespace } = parseResourceId(id);
  const policies = policiesOf(object.metadata.annotations ?? {});
  const pod = podSpecOf(object);
  const secrets = namesOf(pod?.imagePullSecrets);
  const serviceAccount =
    typeof pod?.serviceAccountName === 'string' && pod.serviceAccountName !== '' ? pod.serviceAccountName : 'default';
  return containersOf(object).flatMap(({ name, image }): ImageTarget[] => {
    const ref = tryParseImageRef(image);
    const pattern = tagPatternFor(policies, name);
    // Without a tag pattern the times of tags are only informative, and the scanner decides whether to read them.
    const asked = hasPolicy(policies, 'automated') || policies.has(tagPolicy(name));
    if (ref === undefined) return [];
    const isTimed = (asked && (pattern.needsTimes || ref.digest !== '')) || needsDigests(bansFor(policies, name).bans);
    return [
      {
        name: canonicalName(ref),
        pullSecrets: [{ namespace, secrets, serviceAccount }],
        inUse: ref.tag === '' ? [] : [ref.tag],
        ...(isTimed ? { needsTimes: (tag: string) => pattern.matches(tag) } : {}),
      },
    ];
  });
}

function namesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string' ? [entry.name] : [],
  );
}
