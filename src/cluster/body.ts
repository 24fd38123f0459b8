import type { KubeObject } from '../resource/index.ts';
import { isRecord } from './live.ts';
import { CHECKSUM_ANNOTATION, MARK_LABEL } from './ownership.ts';
import type { Target } from './scope.ts';

/** Metadata that only a server sets. kubectl ignores it in manifests; server-side apply refuses some of it, or would compare versions. */
const SERVER_SET = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/** What is sent for a manifest: the object as written, in its effective namespace, with our mark and checksum, and without what a server owns. */
export function applyBody({ manifest, namespace }: Target, mark: string): KubeObject {
  const { status: _status, metadata, ...object } = manifest.object;
  const kept = Object.entries(metadata).filter(
    ([field, value]) => !SERVER_SET.has(field) && field !== 'namespace' && value !== null,
  );
  return {
    ...object,
    apiVersion: manifest.object.apiVersion,
    kind: manifest.object.kind,
    metadata: {
      ...Object.fromEntries(kept),
      name: metadata.name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...withoutNulls(metadata.labels), [MARK_LABEL]: mark },
      annotations: { ...withoutNulls(metadata.annotations), [CHECKSUM_ANNOTATION]: manifest.checksum },
    },
  };
}

function withoutNulls(map: unknown): Record<string, string> {
  if (!isRecord(map)) return {};
  // Values of another type stay as they are: the API server names them in its error.
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== null)) as Record<string, string>;
}
