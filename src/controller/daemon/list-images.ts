import { yieldTurn } from '../../base/index.ts';
import {
  canonicalName,
  formatImageRef,
  type ImageRef,
  type ImageRepository,
  tryParseImageRef,
  withTag,
} from '../../image/index.ts';
import { policiesOf, type TagPattern, tagPatternFor } from '../../policy/index.ts';
import type { ClusterWorkload, Container, Manifest, ResourceId } from '../../resource/index.ts';
import { rankingOf } from '../../update/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { ContainerImages, ListedImage, WorkloadImages } from './daemon.ts';

/** Images of running workloads for `fluxctl list-images`, newest first by the pattern in the workload's manifest. */
export async function listImages(
  running: readonly ClusterWorkload[],
  wanted: ReadonlyMap<ResourceId, Manifest>,
  images: Pick<ImageWatch, 'repository'>,
): Promise<readonly WorkloadImages[]> {
  const listed: WorkloadImages[] = [];
  for (const { id, containers } of running) {
    await yieldTurn();
    const policies = policiesOf(wanted.get(id)?.object.metadata.annotations ?? {});
    listed.push({
      id,
      containers: containers.map((container) => containerImages(container, tagPatternFor(policies, container.name), images)),
    });
  }
  return listed;
}

const UNKNOWN: ListedImage = { ref: '' };

function containerImages(container: Container, pattern: TagPattern, images: Pick<ImageWatch, 'repository'>): ContainerImages {
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
    available: all.map((tag) => listedImage(ref, tag, repository)),
    availableError: '',
    availableCount: all.length,
    newAvailableCount: newer(all, ref.tag),
    filteredCount: matching.length,
    newFilteredCount: newer(matching, ref.tag),
  };
}

function listedImage(ref: ImageRef, tag: string, { images }: ImageRepository): ListedImage {
  const info = images.get(tag);
  return { ref: formatImageRef(withTag(ref, tag)), ...(info ? { info } : {}) };
}

/** Number of tags before the running one; all of them if it is not in the list. */
function newer(tags: readonly string[], running: string): number {
  const at = tags.indexOf(running);
  return at < 0 ? tags.length : at;
}
