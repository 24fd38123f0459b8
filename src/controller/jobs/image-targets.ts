import { canonicalName, type ImageTarget, mergeTargets, tryParseImageRef } from '../../image/index.ts';
import {
  bansFor,
  hasPolicy,
  isNewer,
  type MinAge,
  minAgeFor,
  needsDigests,
  policiesOf,
  tagPatternFor,
  tagPolicy,
} from '../../policy/index.ts';
import { containersOf, type Manifest, pullSecretsOf, type ResourceId } from '../../resource/index.ts';

/** All image repositories that the workloads of a revision use, with the credentials of each workload and the needed tags. */
export function imageTargets(workloads: ReadonlyMap<ResourceId, Manifest>, minAge: MinAge): readonly ImageTarget[] {
  return mergeTargets([...workloads].flatMap(([id, manifest]) => targetsOf(id, manifest, minAge)));
}

function targetsOf(id: ResourceId, { object }: Manifest, minAge: MinAge): ImageTarget[] {
  const policies = policiesOf(object.metadata.annotations ?? {});
  return containersOf(object).flatMap(({ name, image }): ImageTarget[] => {
    const ref = tryParseImageRef(image);
    const pattern = tagPatternFor(policies, name);
    // Without a tag pattern the times of tags are only informative, and the scanner decides whether to read them.
    const isAutomated = hasPolicy(policies, 'automated');
    const asked = isAutomated || policies.has(tagPolicy(name));
    if (ref === undefined) return [];
    const isTimed = (asked && pattern.needsTimes) || needsDigests(bansFor(policies, name).bans);
    // The age of a tag is that of its digest under it. Where the order shows it, older tags need none.
    const isAged = isAutomated && minAgeFor(policies, name, minAge).ms > 0;
    const mayBeNewer = (tag: string) => pattern.needsTimes || isNewer({ ref: tag, tag }, { ref: ref.tag, tag: ref.tag }, pattern);
    return [
      {
        name: canonicalName(ref),
        pullSecrets: pullSecretsOf(id, object),
        inUse: ref.tag === '' ? [] : [ref.tag],
        ...(!isAutomated && isAtRest(object) ? { isIdle: true } : {}),
        ...(isTimed || isAged ? { needsTimes: (tag: string) => pattern.matches(tag) && (isTimed || mayBeNewer(tag)) } : {}),
      },
    ];
  });
}

/** Whether the manifest asks for no pods: scaled to zero, or suspended. */
function isAtRest({ spec }: Manifest['object']): boolean {
  if (typeof spec !== 'object' || spec === null) return false;
  return ('replicas' in spec && spec.replicas === 0) || ('suspend' in spec && spec.suspend === true);
}
