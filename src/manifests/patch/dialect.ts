/**
 * Who applies a patch. kustomize puts the items of a list that a patch names before the others, in the order of the patch. It knows
 * nothing of `$setElementOrder`, and would take it for a field of the object.
 */
export type PatchDialect = 'kubernetes' | 'kustomize';
