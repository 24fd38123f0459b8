import type { Confidential } from './confidential.ts';
import type { KubeObject } from './object.ts';

/** Where an object is written in the repository. Numbers count from 1. */
export interface WrittenPlace {
  /** Path relative to the repository root. */
  readonly file: string;
  /** Number of the YAML document in the file. */
  readonly document: number;
  /** First line of the document, or of the List item. */
  readonly line: number;
  /** Number of the item, if the document is a List. */
  readonly item?: number;
}

/** Where an object is in what a unit renders. Numbers count from 1. */
export interface RenderedPlace {
  /** Name of the unit: its folder, and the path from there to the file that says how it is rendered, as in Flux v1. */
  readonly unit: string;
  /** Path of that file relative to the repository root. */
  readonly file: string;
  /** Number of the YAML document in the output. */
  readonly document: number;
  /** Number of the item, if the document is a List. */
  readonly item?: number;
  /** What renders the unit. */
  readonly renderer: 'commands' | 'kustomize' | 'helm';
  /** The file of the repository that the object comes from, where that is known. */
  readonly origin?: { readonly file: string };
}

/** The origin of a manifest. */
export type ManifestPlace = WrittenPlace | RenderedPlace;

/** An object of the repository. */
export interface Manifest {
  readonly place: ManifestPlace;
  /** Namespace as written; the effective one depends on the cluster's API. */
  readonly object: KubeObject;
  /**
   * Flux v1's `fluxcd.io/sync-checksum`: the SHA-1 of the canonical form, lower-case hex. That of a confidential object is made of the
   * encrypted content (`confidential`).
   */
  readonly checksum: string;
  /** Set for an object from encrypted files. */
  readonly confidential?: Confidential;
}

export function isRendered(place: ManifestPlace): place is RenderedPlace {
  return 'unit' in place;
}

/** `deploy/web.yaml:12`, or the name of a unit. */
export function placeName(place: ManifestPlace): string {
  return isRendered(place) ? place.unit : `${place.file}:${place.line}`;
}

/**
 * `deploy/web.yaml:12 (document 3, item 2)`, or of a unit `staging/../.flux.yaml (output, document 3)`, with `, from base/web.yaml` where
 * that is known.
 */
export function formatPlace(place: ManifestPlace): string {
  const { document, item } = place;
  const number = `document ${document}${item === undefined ? '' : `, item ${item}`}`;
  if (!isRendered(place)) return `${placeName(place)} (${number})`;
  return `${placeName(place)} (output, ${number}${place.origin === undefined ? '' : `, from ${place.origin.file}`})`;
}
