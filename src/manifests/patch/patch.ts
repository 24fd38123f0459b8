import type { JsonMap } from '../../base/index.ts';
import type { KubeObject } from '../../resource/index.ts';
import { jsonMerge, jsonMergeDiff } from './json-merge.ts';
import { mergeSchemaOf } from './merge-schema.ts';
import { strategicDiff } from './strategic-diff.ts';
import { strategicMerge } from './strategic-merge.ts';

/** What identifies the kind of an object. */
type Kind = Pick<KubeObject, 'apiVersion' | 'kind'>;

/** The patch from one object to another of the same kind: strategic for built-in kinds, JSON merge for others, as in Flux v1. */
export function diffObjects(kind: Kind, from: JsonMap, to: JsonMap): JsonMap {
  const schema = mergeSchemaOf(kind);
  return schema ? strategicDiff(from, to, schema) : jsonMergeDiff(from, to);
}

/** @throws FluxError `generation/bad-patch` */
export function patchObject(kind: Kind, from: JsonMap, patch: JsonMap): JsonMap {
  const schema = mergeSchemaOf(kind);
  return schema ? strategicMerge(from, patch, schema) : jsonMerge(from, patch);
}
