import type { FluxError } from '../../base/index.ts';
import type { Daemon, HealthReport } from '../daemon/daemon.ts';
import type { ObjectState } from '../sync/object-states.ts';
import type { NextStep } from '../why/answer.ts';
import { advised } from '../why/rules/rule.ts';
import type { Trouble } from './trouble.ts';

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
  if (failure) return [whole('sync-failed', 'failed', `syncs fail: ${failure.message}`, afterError(failure))];
  return ready ? [] : [whole('not-ready', 'unknown', reason)];
}

function ofCommits({ objects: { unverified } }: SourceView): readonly Trouble[] {
  if (!unverified) return [];
  const { commit, tag, why, commits } = unverified;
  const what = tag === undefined ? `commit ${commit.slice(0, 7)}` : `tag ${tag}`;
  const others = commits === 1 ? 'it waits' : `it and what follows it, ${commits} commits, wait`;
  const next = { text: `Have the ${tag === undefined ? 'commit' : 'tag'} signed by a trusted key, or trust its key.` };
  return [whole('not-verified', 'held', `${what} ${why}; ${others}`, next)];
}

function ofAutomation({ suspension }: SourceView): readonly Trouble[] {
  if (!suspension) return [];
  const { user, message, since } = suspension;
  const text = `automation is suspended${user === '' ? '' : ` by ${user}`}${message === '' ? '' : `: ${message}`}`;
  return [{ ...whole('suspended', 'held', text, { text: 'fluxctl resume resumes it.' }), since }];
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
  if (state === 'waiting') return REPLICAS;
  // What is not in Git is held from deletion.
  return state === 'held' && !place ? APPROVAL : undefined;
}

const REPLICAS: NextStep = { text: 'Scale the object to the number in Git once, or remove spec.replicas from the file.' };
const AFTER_OTHERS: NextStep = { text: 'It is applied as soon as what it waits for allows it.' };
const APPROVAL: NextStep = { text: 'fluxctl gc lists what is held, and approves it.' };

function afterError(error: FluxError): NextStep {
  return advised(error).next ?? TRIED_AGAIN;
}

function whole(code: string, state: Trouble['state'], text: string, next?: NextStep): Trouble {
  return { code, state, text, objects: [], count: 0, ...(next ? { next } : {}) };
}
