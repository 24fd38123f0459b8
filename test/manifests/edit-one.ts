import { editContainerImages } from '../../src/manifests/edit-image.ts';
import type { EditTarget } from '../../src/manifests/index.ts';

/** Sets the image of one container. */
export function editContainerImage(text: string, target: EditTarget, container: string, image: string): string {
  return editContainerImages(text, [{ target, container, image }]);
}
