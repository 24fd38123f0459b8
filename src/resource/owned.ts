import type { PodState } from './pod.ts';

/** An object by the name of its kind, within a namespace. */
export interface KindAndName {
  readonly kind: string;
  readonly name: string;
}

/** What a controller of the cluster has made of an object, and may make more of. */
export type OwnedObject = {
  readonly name: string;
  /** Its controller. */
  readonly owner: KindAndName;
} & (
  | { readonly kind: 'ReplicaSet'; readonly wanted: number; readonly ready: number }
  | { readonly kind: 'Job'; readonly active: number; readonly succeeded: number; readonly failed: boolean }
  | { readonly kind: 'Pod'; readonly pod: PodState }
);

/** What is owned in a namespace, as far as a bounded number of reads shows it. */
export interface OwnedInNamespace {
  readonly objects: readonly OwnedObject[];
  /** Whether there is more than was read. */
  readonly isCut: boolean;
}
