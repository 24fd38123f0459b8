import { yieldTurn } from '../../base/index.ts';
import {
  canonicalName,
  formatImageRef,
  type ImageRef,
  type ImageRepository,
  tryParseImageRef,
  withTag,
} from '../../image/index.ts';
import { type Ban, banOf, bansFor, hasPolicy, type Policies, policiesOf, tagPatternFor } from '../../policy/index.ts';
import { type ClusterWorkload, type Container, containersOf, type Manifest, type ResourceId } from '../../resource/index.ts';
import { decide, describeDecision, type Pinning, type Question, rankingOf, type Timing } from '../../update/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { ContainerImages, ListedImage, WorkloadImages } from './daemon.ts';

/** Images of running workloads for `fluxctl list-images`, newest first by the pattern in the workload's manifest. */
export async function listImages(
  running: readonly ClusterWorkload[],
  wanted: ReadonlyMap<ResourceId, Manifest>,
  options: { readonly images: Pick<ImageWatch, 'repository'>; readonly timing: Timing; readonly pinning?: Pinning },
): Promise<readonly WorkloadImages[]> {
  const listed: WorkloadImages[] = [];
  for (const { id, containers, annotations } of running) {
    await yieldTurn();
    const manifest = wanted.get(id);
    const inGit = policiesOf(manifest?.object.metadata.annotations);
    const inCluster = policiesOf(annotations);
    const imagesInGit = new Map((manifest ? containersOf(manifest.object) : []).map(({ name, image }) => [name, image]));
    listed.push({
      id,
      containers: containers.map((container) => {
        const image = imagesInGit.get(container.name) || container.image;
        const notUpdated = whyNotUpdated({ workload: id, container: { ...container, image }, inGit, inCluster, ...options });
        return { ...containerImages(container, inGit, options.images), ...(notUpdated === undefined ? {} : { notUpdated }) };
      }),
    });
  }
  return listed;
}

const UNKNOWN: ListedImage = { ref: '' };

/** Only of automated workloads, and only what is wrong or decided by a person for one container. */
function whyNotUpdated(question: Question): string | undefined {
  if (!hasPolicy(question.inGit, 'automated')) return undefined;
  const decision = decide(question);
  const isKnown = decision.state === 'held' && ['locked', 'ignored'].includes(decision.by.kind);
  const isEarly = decision.state === 'unknown' && decision.why.kind === 'not-scanned';
  return isKnown || isEarly || decision.state === 'current' || decision.state === 'update'
    ? undefined
    : describeDecision(decision);
}

function containerImages(container: Container, inGit: Policies, images: Pick<ImageWatch, 'repository'>): ContainerImages {
  const pattern = tagPatternFor(inGit, container.name);
  const { bans } = bansFor(inGit, container.name);
  const ref = tryParseImageRef(container.image);
  const repository = ref && images.repository(canonicalName(ref));
  if (!ref || !repository || repository.scannedAt === undefined) {
    const none = { availableCount: 0, newAvailableCount: 0, filteredCount: 0, newFilteredCount: 0 };
    return {
      name: container.name,
      current: UNKNOWN,
      latestFiltered: UNKNOWN,
      available: [],
      availableError: repository?.error?.message ?? '',
      ...none,
    };
  }
  const { all, matching } = rankingOf(repository, pattern);
  const [latest] = matching;
  return {
    name: container.name,
    current: all.includes(ref.tag) ? listedImage(ref, ref.tag, repository) : UNKNOWN,
    latestFiltered: latest === undefined ? UNKNOWN : listedImage(ref, latest, repository),
    available: all.map((tag) => listedImage(ref, tag, repository, bans)),
    availableError: '',
    availableCount: all.length,
    newAvailableCount: newer(all, ref.tag),
    filteredCount: matching.length,
    newFilteredCount: newer(matching, ref.tag),
  };
}

function listedImage(ref: ImageRef, tag: string, { images }: ImageRepository, bans: readonly Ban[] = []): ListedImage {
  const info = images.get(tag);
  const digests = [info?.digest, info?.indexDigest].flatMap((digest) => digest ?? []);
  const isBanned = bans.length > 0 && banOf(bans, tag, digests) !== undefined;
  return { ref: formatImageRef(withTag(ref, tag)), ...(info ? { info } : {}), ...(isBanned ? { banned: true } : {}) };
}

/** Number of tags before the running one; all of them if it is not in the list. */
function newer(tags: readonly string[], running: string): number {
  const at = tags.indexOf(running);
  return at < 0 ? tags.length : at;
}
