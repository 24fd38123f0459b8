import type { KubeObject } from './object.ts';

/** Where a manifest stands in the repository. Numbers count from 1. */
export interface ManifestPlace {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Number of the YAML document in the file. */
  readonly document: number;
  /** Line on which the document (or the List item) starts. */
  readonly line: number;
  /** Number of the item, when the document is a List. */
  readonly item?: number;
}

/** One object that the repository wants, as read from a file. */
export interface Manifest {
  readonly place: ManifestPlace;
  /** Namespace as written; the effective one is decided against the cluster's API. */
  readonly object: KubeObject;
  /** SHA-1 of the canonical form, lower-case hex: Flux v1's `fluxcd.io/sync-checksum`. */
  readonly checksum: string;
}

/** `deploy/web.yaml:12 (document 3, item 2)`. */
export function formatPlace({ file, document, line, item }: ManifestPlace): string {
  return `${file}:${line} (document ${document}${item === undefined ? '' : `, item ${item}`})`;
}
