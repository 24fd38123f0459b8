import { type ImageTarget, mergeTargets } from '../../image/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';

/**
 * Lets several sources use one image watch: it watches what any of them wants, with the pull secrets of all of them, each read in its own
 * namespace.
 */
export function createSharedImages(images: ImageWatch): () => ImageWatch {
  const wanted = new Map<object, readonly ImageTarget[]>();
  return () => {
    const source = {};
    return {
      ...images,
      watch(targets) {
        wanted.set(source, targets);
        images.watch(mergeTargets([...wanted.values()].flat()));
      },
    };
  };
}
