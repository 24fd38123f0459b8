import type { KubeObject } from '../../resource/index.ts';

/** Identifies an object in what a unit renders, which has no two with the same. */
export function objectKey({ apiVersion, kind, metadata }: KubeObject): string {
  return JSON.stringify([apiVersion, kind, metadata.namespace ?? null, metadata.name]);
}
