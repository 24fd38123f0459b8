import type { FluxError } from '../../base/index.ts';
import { waitingInWords } from '../../repository/index.ts';
import type { Daemon, HealthReport } from '../daemon/daemon.ts';
import type { ObjectState } from '../sync/object-states.ts';
import type { NextStep } from '../why/answer.ts';
import { AFTER_OTHERS, APPROVE, haveSigned, SCALE_ONCE } from '../why/next-steps.ts';
import { advised } from '../why/rules/rule.ts';
import { type Trouble, wholeTrouble } from './trouble.ts';

/** What is known of one source. */
export interface SourceView {
  readonly source: string;
  readonly readiness: ReturnType<Daemon['readiness']>;
  readonly objects: ReturnType<Daemon['objects']>;
  /** Absent before the first sync. */
  readonly health?: HealthReport;
  readonly suspension?: Awaited<ReturnType<Daemon['automation']>>[number]['suspension'];
}

const TRIED_AGAIN: NextStep = { text: 'The next sync tries again.' };

/** What is wrong with one source and its objects; each object by itself. */
export function* sourceTroubles(view: SourceView): Generator<Trouble> {
  const { source, objects, health } = view;
  for (const trouble of [...ofSyncs(view), ...ofCommits(view), ...ofAutomation(view)]) yield { ...trouble, source };
  for (const object of objects.objects) {
    const trouble = ofObject(object);
    if (trouble) yield { ...trouble, source };
  }
  for (const { id, state, message } of health?.objects ?? [])
    if (state === 'failed') yield { code: 'unhealthy', state, text: message, objects: [id], count: 1, source };
}

function ofSyncs({ readiness: { ready, reason }, objects: { failure } }: SourceView): readonly Trouble[] {
  if (failure) return [wholeTrouble('sync-failed', 'failed', `syncs fail: ${failure.message}`, afterError(failure))];
  return ready ? [] : [wholeTrouble('not-ready', 'unknown', reason)];
}

function ofCommits({ objects: { unverified } }: SourceView): readonly Trouble[] {
  if (!unverified) return [];
  return [wholeTrouble('not-verified', 'held', waitingInWords(unverified), haveSigned(unverified))];
}

function ofAutomation({ suspension }: SourceView): readonly Trouble[] {
  if (!suspension) return [];
  const { user, message, since } = suspension;
  const text = `automation is suspended${user === '' ? '' : ` by ${user}`}${message === '' ? '' : `: ${message}`}`;
  return [{ ...wholeTrouble('suspended', 'held', text, { text: 'fluxctl resume resumes it.' }), since }];
}

const STATES = { failed: 'failed', refused: 'failed', held: 'held', waiting: 'waiting' } as const;

function ofObject({ id, state, since, place, reason, error, waitsFor }: ObjectState): Trouble | undefined {
  if (state === 'synced' || state === 'skipped') return undefined;
  const text = reason ?? error?.message ?? state;
  const next = nextOf({ state, place, error, waitsFor });
  const where = place?.unit ?? (place?.line === undefined ? place?.file : `${place.file}:${place.line}`);
  return {
    code: `object-${state}`,
    state: STATES[state],
    text,
    objects: id === undefined ? [] : [id],
    count: 1,
    ...(id === undefined && where !== undefined ? { place: where } : {}),
    since,
    ...(next ? { next } : {}),
  };
}

function nextOf({
  state,
  place,
  error,
  waitsFor,
}: Pick<ObjectState, 'state'> & { readonly [Key in 'place' | 'error' | 'waitsFor']: ObjectState[Key] | undefined }) {
  if (error) return afterError(error);
  if (waitsFor) return AFTER_OTHERS;
  if (state === 'waiting') return SCALE_ONCE;
  // What is not in Git is held from deletion.
  return state === 'held' && !place ? APPROVE : undefined;
}

function afterError(error: FluxError): NextStep {
  return advised(error).next ?? TRIED_AGAIN;
}
