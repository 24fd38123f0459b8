import { signal } from '@preact/signals';
import { type Act, isRehearsed } from './act.ts';
import type { Failure, Outcome } from './outcome.ts';
import type { Plan } from './plan.ts';

/** A change that a person considers. */
export interface Wish {
  readonly act: Act;
  /** What it is about, where that is not plain. */
  readonly on?: string | undefined;
  /** The name of the source, if there are several. */
  readonly source?: string | undefined;
}

/** How far a change is. */
export type Step =
  /** Of an act that is rehearsed, until its dry run is over. */
  | { readonly kind: 'rehearsing' }
  | { readonly kind: 'unplanned'; readonly failure: Failure }
  | { readonly kind: 'asking'; readonly plan?: Plan }
  | { readonly kind: 'running'; readonly plan?: Plan }
  | { readonly kind: 'over'; readonly outcome: Outcome };

/** The change that is considered now, or is carried out, or whose outcome has not been seen yet. */
export interface Considered {
  readonly wish: Wish;
  readonly step: Step;
  /** Who considers it, where fluxd knows that. */
  readonly user: string | undefined;
  /** A person closed it while it was carried out: it comes back with its outcome. */
  readonly isHidden: boolean;
}

/** Outlasts views and sessions, so that no outcome is lost. */
export const considered = signal<Considered | undefined>(undefined);

/** Begins with a change; one that is still carried out is shown in its place. */
export function consider(wish: Wish, user: string | undefined): void {
  const before = considered.value;
  considered.value =
    before?.step.kind === 'running'
      ? { ...before, isHidden: false }
      : { wish, step: { kind: isRehearsed(wish.act) ? 'rehearsing' : 'asking' }, user, isHidden: false };
}

/** Goes on with a change, if it is still the one that is considered. */
export function advance(wish: Wish, step: Step): void {
  if (considered.value?.wish === wish) considered.value = { ...considered.value, step, isHidden: false };
}

/** The dialog was closed. */
export function close(wish: Wish): void {
  const now = considered.value;
  if (now?.wish !== wish) return;
  considered.value = now.step.kind === 'running' ? { ...now, isHidden: true } : undefined;
}

/** What was only considered ends with the session of its user. */
export function leaveConsidered(): void {
  const kind = considered.value?.step.kind;
  if (kind !== 'running' && kind !== 'over') considered.value = undefined;
}
