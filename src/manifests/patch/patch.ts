import { isDeepStrictEqual } from 'node:util';
import type { JsonMap } from '../../base/index.ts';
import type { KubeObject } from '../../resource/index.ts';
import type { PatchDialect } from './dialect.ts';
import { extendPatch } from './extend-patch.ts';
import { jsonMerge, jsonMergeDiff } from './json-merge.ts';
import { mergeSchemaOf } from './merge-schema.ts';
import { withNamedOrder } from './named-order.ts';
import { strategicDiff } from './strategic-diff.ts';
import { strategicMerge } from './strategic-merge.ts';

/** What identifies the kind of an object. */
type Kind = Pick<KubeObject, 'apiVersion' | 'kind'>;

/** The patch from one object to another of the same kind: strategic for built-in kinds, JSON merge for others, as in Flux v1. */
export function diffObjects(kind: Kind, from: JsonMap, to: JsonMap, dialect: PatchDialect = 'kubernetes'): JsonMap {
  const schema = mergeSchemaOf(kind);
  if (!schema) return jsonMergeDiff(from, to);
  const patch = strategicDiff(from, to, schema);
  return dialect === 'kustomize' ? withNamedOrder(patch) : patch;
}

/**
 * The object with a patch, in its own API version and kind: those of the patch only name it.
 * @throws FluxError `generation/bad-patch`
 */
export function patchObject(kind: Kind, from: JsonMap, patch: JsonMap, dialect: PatchDialect = 'kubernetes'): JsonMap {
  const schema = mergeSchemaOf(kind);
  const named = { ...patch, apiVersion: from.apiVersion ?? null, kind: from.kind ?? null };
  return schema ? strategicMerge(from, named, schema, dialect) : jsonMerge(from, named);
}

/**
 * A patch that does more, and keeps all that it did: from what it makes of an object, it goes on to another. Undefined if no patch that
 * holds it does.
 * @throws FluxError `generation/bad-patch`
 */
export function widenPatch(kind: Kind, from: JsonMap, patch: JsonMap, to: JsonMap, dialect: PatchDialect): JsonMap | undefined {
  const schema = mergeSchemaOf(kind) ?? {};
  let wider = patch;
  // The second round adds what the first lacks: the order of a list, and `null` for what a `null` of the patch had removed.
  for (const orders of [false, true]) {
    wider = extendPatch(wider, diffObjects(kind, patchObject(kind, from, wider, dialect), to, dialect), schema, orders);
    if (isDeepStrictEqual(patchObject(kind, from, wider, dialect), to)) return wider;
  }
  return undefined;
}
