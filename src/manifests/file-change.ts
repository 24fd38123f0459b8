import { editAnnotations } from './edit-annotations.ts';
import { editContainerImages, type ImageChange } from './edit-image.ts';
import type { EditTarget } from './locate.ts';

/** What is to change in one file. */
export type FileChange =
  | { readonly kind: 'images'; readonly images: readonly ImageChange[] }
  /** By annotation key; null removes. */
  | { readonly kind: 'annotations'; readonly target: EditTarget; readonly annotations: ReadonlyMap<string, string | null> };

/** The whole new text. @throws FluxError as `editContainerImages` and `editAnnotations` do */
export function changeFile(text: string, change: FileChange): string {
  switch (change.kind) {
    case 'images':
      return editContainerImages(text, change.images);
    case 'annotations':
      return editAnnotations(text, change.target, change.annotations);
  }
}
