import type { ResourceId } from './id.ts';
import type { PodState } from './pod.ts';

/** An object by the name of its kind, within a namespace. */
export interface KindAndName {
  readonly kind: string;
  readonly name: string;
}

/** The owner that controls an object. */
export interface Controller extends KindAndName {
  readonly uid: string;
}

/** What a controller of the cluster has made of an object, and may make more of. */
export type OwnedObject = {
  readonly name: string;
  readonly uid: string;
  readonly owner: Controller;
} & (
  | { readonly kind: 'ReplicaSet'; readonly wanted: number; readonly ready: number }
  | { readonly kind: 'Job'; readonly active: number; readonly succeeded: number; readonly failed: boolean }
  | { readonly kind: 'Pod'; readonly pod: PodState }
);

/** What is owned in a namespace, as far as a bounded number of reads shows it. */
export interface OwnedInNamespace {
  readonly objects: readonly OwnedObject[];
  /** Of the workloads that are in Git, as far as watches have them. */
  readonly uids: ReadonlyMap<ResourceId, string>;
  /** Whether there is more than was read. */
  readonly isCut: boolean;
}
