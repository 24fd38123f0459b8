import type { ResourceId } from '../../resource/index.ts';
import type { LinkState, NextStep } from '../why/answer.ts';

/** Something that needs attention, in one sentence. */
export interface Trouble {
  /** The name of the situation, such as `sync-failed`. */
  readonly code: string;
  readonly state: Exclude<LinkState, 'ok'>;
  /** What is wrong, in one clause that does not name the objects. */
  readonly text: string;
  /** The objects that it is about, at most SHOWN_OBJECTS; empty if it is about a whole source, a registry or a file. */
  readonly objects: readonly ResourceId[];
  /** Number of those objects, or documents. */
  readonly count: number;
  /** Where a document without a name is: `shop/cart.yaml:9`, or the unit that renders it. */
  readonly place?: string;
  /** The name of its source; absent for what the sources share. */
  readonly source?: string;
  /** In milliseconds since the epoch; of the first of several objects. */
  readonly since?: number;
  readonly next?: NextStep;
}

/** A trouble of a whole source, or of what the sources share. */
export function wholeTrouble(code: string, state: Trouble['state'], text: string, next?: NextStep): Trouble {
  return { code, state, text, objects: [], count: 0, ...(next ? { next } : {}) };
}

/** Objects of one trouble that are named; `count` is the number of all. */
export const SHOWN_OBJECTS = 5;
