import { editEncrypted } from './decryption/encrypted-text.ts';
import { type OwnWords, requireOwnWords } from './decryption/own-words.ts';
import { editAnnotations } from './edit-annotations.ts';
import { editContainerImages, type ImageChange } from './edit-image.ts';
import type { EditTarget } from './locate.ts';
import type { PatchDialect } from './patch/dialect.ts';
import { editPatchFile, type PatchedChange } from './patch/edit-patch-file.ts';

/** A change of one file. */
export type FileChange =
  | { readonly kind: 'images'; readonly images: readonly ImageChange[] }
  /** New values by annotation key; null removes. */
  | { readonly kind: 'annotations'; readonly target: EditTarget; readonly annotations: ReadonlyMap<string, string | null> }
  /** Of a file with patches of what is rendered. */
  | {
      readonly kind: 'patches';
      readonly generated: string;
      readonly changes: readonly PatchedChange[];
      readonly dialect: PatchDialect;
    }
  /** A text that was made elsewhere; with `words`, if all that is new in it is among them. */
  | { readonly kind: 'text'; readonly text: string; readonly words?: OwnWords };

/** The complete new text. @throws FluxError as `editContainerImages`, `editAnnotations`, `editPatchFile` and `editEncrypted` do */
export function changeFile(text: string, change: FileChange): string {
  return editEncrypted(text, (each) => changeText(each, change));
}

function changeText(text: string, change: FileChange): string {
  switch (change.kind) {
    case 'images':
      return editContainerImages(text, change.images);
    case 'patches':
      return editPatchFile(text, change.generated, change.changes, change.dialect);
    case 'annotations':
      return editAnnotations(text, change.target, change.annotations);
    case 'text':
      return change.words ? requireOwnWords(text, change.text, change.words) : change.text;
  }
}
