import type { ResourceId } from '../../resource/index.ts';
import type { PutBack } from '../../update/index.ts';
import type { Blame, ImageFailure } from './blame.ts';

/** The images of one workload that automation updated, until they have proven themselves. Times are monotonic, in milliseconds. */
export interface Trial {
  readonly workload: ResourceId;
  /** Automation's commit. */
  readonly commit: string;
  readonly images: readonly PutBack[];
  readonly state: TrialState;
}

export type TrialState =
  /** The cluster does not have the images yet. */
  | { readonly name: 'pending' }
  | {
      readonly name: 'running';
      readonly since: number;
      /** Since when it has been ready without interruption. */
      readonly readySince?: number;
      /** When its pods were last looked at, and why the image was not blamed. */
      readonly spared?: { readonly at: number; readonly reason: string };
    }
  /** To be reverted. */
  | { readonly name: 'failed'; readonly since: number; readonly readySince?: number; readonly failure: ImageFailure };

/** A workload as it runs. */
export interface LiveWorkload {
  /** In Flux v1's words. */
  readonly status: string;
  readonly containers: readonly { readonly name: string; readonly image: string }[];
}

export interface Limits {
  /** How long new images may take to become ready. */
  readonly deadlineMs: number;
  /** How long they have to be so. */
  readonly provenMs: number;
}

/** What follows from a look at the workload. */
export type Step =
  | { readonly next: 'wait'; readonly trial: Trial }
  /** Its pods have to be looked at. */
  | { readonly next: 'judge'; readonly trial: Trial }
  /** It is healthy. */
  | { readonly next: 'passed' };

const AGAIN_MS = 60_000;

export function observe(trial: Trial, live: LiveWorkload | undefined, now: number, { deadlineMs, provenMs }: Limits): Step {
  const runs = live !== undefined && trial.images.every(({ container, bad }) => imageOf(live, container) === bad);
  if (!runs) return { next: 'wait', trial: { ...trial, state: { name: 'pending' } } };
  const state = trial.state.name === 'pending' ? ({ name: 'running', since: now } as const) : trial.state;
  const { readySince: readyBefore, ...rest } = state;
  if (live.status === 'ready') {
    const readySince = readyBefore ?? now;
    if (now - readySince >= provenMs) return { next: 'passed' };
    return { next: 'wait', trial: { ...trial, state: { ...state, readySince } } };
  }
  const unready: Trial = { ...trial, state: rest };
  const isDue = live.status === 'error' || now - state.since >= deadlineMs;
  const spared = state.name === 'running' ? state.spared : undefined;
  const wasLookedAt = state.name === 'failed' || (spared !== undefined && now - spared.at < Math.min(AGAIN_MS, deadlineMs));
  return { next: isDue && !wasLookedAt ? 'judge' : 'wait', trial: unready };
}

/** The trial after a look at the pods. */
export function judged(trial: Trial, blame: Blame, now: number): Trial {
  const since = trial.state.name === 'pending' ? now : trial.state.since;
  if (blame.by === 'image') return { ...trial, state: { name: 'failed', since, failure: blame } };
  return { ...trial, state: { name: 'running', since, spared: { at: now, reason: blame.reason } } };
}

/** Why the workload is to be reverted, if it is; one that is ready at the moment may have recovered. */
export function failureOf({ state }: Trial): ImageFailure | undefined {
  return state.name === 'failed' && state.readySince === undefined ? state.failure : undefined;
}

function imageOf({ containers }: LiveWorkload, container: string): string | undefined {
  return containers.find(({ name }) => name === container)?.image;
}
