import type { Manifest, ResourceId } from '../resource/index.ts';

/** A change of an object, wherever it comes from. */
export interface ObjectChange {
  /** With the effective namespace. */
  readonly id: ResourceId;
  readonly manifest: Manifest;
  readonly change:
    | { readonly kind: 'images'; readonly images: ReadonlyMap<string, string> }
    /** New values by annotation key; null removes. */
    | { readonly kind: 'annotations'; readonly annotations: ReadonlyMap<string, string | null> };
}
