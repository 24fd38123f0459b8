import type { KubeObject } from './object.ts';

/** The location of a manifest in the repository. Numbers count from 1. */
export interface ManifestPlace {
  /** Path relative to the repository root. */
  readonly file: string;
  /** Number of the YAML document in the file. */
  readonly document: number;
  /** First line of the document, or of the List item. */
  readonly line: number;
  /** Number of the item, if the document is a List. */
  readonly item?: number;
}

/** An object of the repository, as parsed from a file. */
export interface Manifest {
  readonly place: ManifestPlace;
  /** Namespace as written; the effective one depends on the cluster's API. */
  readonly object: KubeObject;
  /** SHA-1 of the canonical form, lower-case hex: Flux v1's `fluxcd.io/sync-checksum`. */
  readonly checksum: string;
}

/** `deploy/web.yaml:12 (document 3, item 2)`. */
export function formatPlace({ file, document, line, item }: ManifestPlace): string {
  return `${file}:${line} (document ${document}${item === undefined ? '' : `, item ${item}`})`;
}
