import type { ResourceId, UseType } from '../../resource/index.ts';
import type { ObjectState } from '../sync/object-states.ts';
import { LINK_STATES, type LinkState } from '../why/answer.ts';

/** How an object or a pod is, at a glance. */
export type Status = LinkState | 'skipped';

/** The worst first. */
export const STATUSES: readonly Status[] = [...LINK_STATES.filter((state) => state !== 'ok'), 'ok', 'skipped'];

/** Number of objects by status. */
export type Counts = Readonly<Partial<Record<Status, number>>>;

interface Node {
  /** Unique in an answer, and the same in the next one. */
  readonly key: string;
  /** The key of the node that it is a part of, or that owns it; absent for a source and for what is not in the repository. */
  readonly parent?: string;
}

export type TopologyNode = Node &
  (
    | { readonly type: 'source'; readonly name: string; readonly counts: Counts }
    /** A folder with what is below it, or a unit; the name is empty for what is not in the repository. */
    | { readonly type: 'folder'; readonly source: string; readonly name: string; readonly counts: Counts }
    /** Several objects of one kind in a folder. */
    | { readonly type: 'kind'; readonly source: string; readonly folder: string; readonly kind: string; readonly counts: Counts }
    | {
        readonly type: 'object';
        readonly source: string;
        /** Absent for a document without a readable id, which has a place. */
        readonly id?: ResourceId;
        readonly place?: ObjectState['place'];
        readonly state: ObjectState['state'];
        readonly status: Status;
        /** Why it is not in order. */
        readonly reason?: string;
        /** Of its pods, where they were read; they may be nodes as well. */
        readonly pods?: Counts;
      }
    /** Used by an object of the repository, and not in it. */
    | { readonly type: 'outside'; readonly id: ResourceId }
    | OwnedNode
  );

/** What a controller has made of an object. */
export interface OwnedNode extends Node {
  readonly type: 'owned';
  readonly kind: 'ReplicaSet' | 'Job' | 'Pod';
  readonly namespace: string;
  readonly name: string;
  readonly status: Status;
  /** `2 of 3 ready`, `CrashLoopBackOff`. */
  readonly text: string;
  /** Of a pod. */
  readonly containers?: readonly ContainerSummary[];
}

export interface ContainerSummary {
  readonly name: string;
  readonly image: string;
  readonly status: Status;
  readonly text: string;
}

export interface TopologyLink {
  readonly from: string;
  readonly to: string;
  readonly type: UseType;
}
