import {
  canonicalName,
  formatImageRef,
  type ImageRef,
  type ImageRepository,
  tryParseImageRef,
  withTag,
} from '../../image/index.ts';
import { filterImages, policiesOf, sortImages, type TagPattern, tagPatternFor } from '../../policy/index.ts';
import type { ClusterWorkload, Container, Manifest, ResourceId } from '../../resource/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { ContainerImages, ListedImage, WorkloadImages } from './daemon.ts';

/** Images of running workloads for `fluxctl list-images`, newest first by the pattern in the workload's manifest. */
export function listImages(
  running: readonly ClusterWorkload[],
  wanted: ReadonlyMap<ResourceId, Manifest>,
  images: Pick<ImageWatch, 'repository'>,
): readonly WorkloadImages[] {
  return running.map(({ id, containers }) => {
    const policies = policiesOf(wanted.get(id)?.object.metadata.annotations ?? {});
    return {
      id,
      containers: containers.map((container) => containerImages(container, tagPatternFor(policies, container.name), images)),
    };
  });
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
  const candidates = repository.tags.map((tag) => candidate(ref, tag, repository));
  const available = sortImages(candidates, pattern);
  const filtered = sortImages(filterImages(candidates, pattern), pattern);
  const isCurrent = ({ tag }: { readonly tag: string }) => tag === ref.tag;
  return {
    name: container.name,
    current: candidates.find(isCurrent)?.listed ?? UNKNOWN,
    latestFiltered: filtered[0]?.listed ?? UNKNOWN,
    available: available.map(({ listed }) => listed),
    availableError: '',
    availableCount: available.length,
    newAvailableCount: newer(available, isCurrent),
    filteredCount: filtered.length,
    newFilteredCount: newer(filtered, isCurrent),
  };
}

function candidate(ref: ImageRef, tag: string, { images }: ImageRepository) {
  const info = images.get(tag);
  const text = formatImageRef(withTag(ref, tag));
  const listed: ListedImage = { ref: text, ...(info ? { info } : {}) };
  const { createdAt, createdNs } = info ?? {};
  return {
    ref: text,
    tag,
    listed,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(createdNs === undefined ? {} : { createdNs }),
  };
}

/** Number of images before the running one; all of them if it is not in the list. */
function newer<T>(images: readonly T[], isCurrent: (image: T) => boolean): number {
  const at = images.findIndex(isCurrent);
  return at < 0 ? images.length : at;
}
