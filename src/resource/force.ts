import { type Fields, valueAt } from './fields.ts';

/** Annotation of a manifest in Git: this object may be deleted and recreated if an immutable field changes. */
export const FORCE_ANNOTATION = 'fluxcd.io/force';

export function isForced(object: Fields): boolean {
  const value = valueAt(object, ['metadata', 'annotations', FORCE_ANNOTATION]);
  return value === 'true' || value === true;
}
