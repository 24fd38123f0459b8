import type { ResourceId } from '../../resource/index.ts';
import type { ConsideredTag } from '../../update/index.ts';

/** What an answer is asked about. A reference of an image may have a tag; a file may have a line, counted from 1. */
export type WhyQuestion =
  | { readonly by: 'id'; readonly id: ResourceId; readonly container?: string }
  | { readonly by: 'image'; readonly image: string; readonly namespace?: string }
  | { readonly by: 'file'; readonly file: string; readonly line?: number };

/** Where an object is: a link is data, and the chain from Git to the pods is their list, in this order. */
export const LINK_KINDS = ['place', 'policies', 'decision', 'registry', 'commit', 'sync', 'rollout'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** From the worst to the best. */
export const LINK_STATES = ['failed', 'held', 'unknown', 'waiting', 'ok'] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** Something that a link knows. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** What happens next, or what to do. `at` is in milliseconds since the epoch. */
export interface NextStep {
  readonly text: string;
  readonly at?: number;
}

/** What a rule finds about one link. */
export interface Finding {
  /** The name of the situation: `banned`, `immutable`. */
  readonly code: string;
  readonly state: LinkState;
  /** What is, in one clause. */
  readonly text: string;
  /** Since when, in milliseconds since the epoch. */
  readonly since?: number;
  readonly next?: NextStep;
  /** Findings of the whole daemon come before those of one object: 1 for those that keep it from syncing. */
  readonly weight?: number;
}

export interface Link extends Finding {
  readonly kind: LinkKind;
  /** The container that it is about, if it is about one. */
  readonly container?: string;
  readonly facts: readonly Fact[];
}

/** Another object that the question is about, in brief. */
export interface Other {
  readonly id?: ResourceId;
  readonly container?: string;
  readonly state: LinkState;
  readonly text: string;
}

/** A tag, and why it was chosen or passed over. */
export interface TagVerdict {
  readonly tag: string;
  /** The name of the verdict. */
  readonly code: ConsideredTag['verdict'];
  readonly verdict: string;
}

/** The answer: the first cause in one sentence, and the chain behind it. */
export interface WhyAnswer {
  readonly answer: string;
  readonly state: LinkState;
  /** The link and the situation that the answer is about: `decision/banned`. */
  readonly cause: string;
  readonly id?: ResourceId;
  readonly container?: string;
  /** The name of its source; absent if the daemon has one. */
  readonly source?: string;
  readonly links: readonly Link[];
  readonly next?: NextStep;
  /** The tags that were considered for each container, newest first. */
  readonly tags: readonly { readonly container: string; readonly tags: readonly TagVerdict[] }[];
  readonly others: readonly Other[];
}
