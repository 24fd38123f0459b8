import { editAnnotations } from './edit-annotations.ts';
import { editContainerImages, type ImageChange } from './edit-image.ts';
import type { EditTarget } from './locate.ts';

/** A change of one file. */
export type FileChange =
  | { readonly kind: 'images'; readonly images: readonly ImageChange[] }
  /** New values by annotation key; null removes. */
  | { readonly kind: 'annotations'; readonly target: EditTarget; readonly annotations: ReadonlyMap<string, string | null> };

/** The complete new text. @throws FluxError as `editContainerImages` and `editAnnotations` do */
export function changeFile(text: string, change: FileChange): string {
  switch (change.kind) {
    case 'images':
      return editContainerImages(text, change.images);
    case 'annotations':
      return editAnnotations(text, change.target, change.annotations);
  }
}
