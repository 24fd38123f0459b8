import { REPLICAS_HELD } from '../../../change/index.ts';
import { refusedInWords } from '../../../repository/index.ts';
import type { ObjectState } from '../../sync/object-states.ts';
import { describeClosed } from '../../sync/sync-window.ts';
import type { Finding, Link } from '../answer.ts';
import type { Facts } from '../facts.ts';
import { AFTER_OTHERS, APPROVE, haveSigned, SCALE_ONCE } from '../next-steps.ts';
import { advised, clause, find, type Rule, refusalIn, short } from './rule.ts';

/** Whether the revision is applied, and what came of the object. */
export function syncLink(facts: Facts): Link {
  const { source, object } = facts;
  const { head, applied, syncedAt } = source;
  return {
    kind: 'sync',
    ...(object ? { since: object.since } : syncedAt === undefined ? {} : { since: syncedAt }),
    ...find(RULES, facts, inSync(facts)),
    facts: [
      ...(applied === undefined ? [] : [{ name: 'applied', value: short(applied) }]),
      ...(head === undefined || head === applied ? [] : [{ name: 'fetched', value: short(head) }]),
      ...(object ? [{ name: 'outcome', value: object.state }] : []),
      ...(object?.reason === undefined ? [] : [{ name: 'reason', value: clause(object.reason) }]),
      ...(object?.error ? [{ name: 'error', value: clause(object.error.message) }] : []),
    ],
  };
}

const RULES: readonly Rule<Facts>[] = [
  anotherLeader,
  noLeader,
  unreachable,
  failedAsAWhole,
  unrendered,
  heldDeletion,
  fight,
  replicasHeld,
  objectFailed,
  waitsForOther,
  objectHeld,
  skipped,
  windowClosed,
  unverifiedHead,
  notSynced,
  notApplied,
  tagBlocked,
];

/** Another daemon knows what becomes of it. */
function anotherLeader({ source: { leadership } }: Facts): Finding | undefined {
  if (leadership.state !== 'following') return undefined;
  const { leader } = leadership;
  return {
    code: 'another-leader',
    state: 'held',
    weight: 2,
    text: `${leader} leads and syncs; this daemon is on standby`,
    next: { text: `Ask that one: kubectl port-forward pod/${leader} 3030:3030` },
  };
}

function noLeader({ source: { leadership } }: Facts): Finding | undefined {
  if (leadership.state !== 'unknown') return undefined;
  const { trouble } = leadership;
  return {
    code: 'no-leader',
    state: 'failed',
    weight: 2,
    text: clause(`this daemon may not write now: ${trouble.message}`),
    ...advised(trouble),
  };
}

function unreachable({ source: { state, head } }: Facts): Finding | undefined {
  if (state.status !== 'unreachable' || !state.error) return undefined;
  const meanwhile = head === undefined ? '' : `; revision ${short(head)} stays in effect`;
  return {
    code: 'git-unreachable',
    state: 'failed',
    weight: 1,
    text: clause(`Git cannot be fetched: ${state.error.message}${meanwhile}`),
    ...advised(state.error),
  };
}

function failedAsAWhole({ source: { failure } }: Facts): Finding | undefined {
  if (!failure) return undefined;
  return {
    code: 'sync-failed',
    state: 'failed',
    weight: 1,
    text: clause(`the last sync failed: ${failure.message}`),
    ...advised(failure),
  };
}

/** The place says why. */
function unrendered({ unitProblem }: Facts): Finding | undefined {
  return unitProblem
    ? { code: 'unrendered', state: 'held', text: 'it stays as it is until its unit can be rendered' }
    : undefined;
}

function heldDeletion({ manifest, object, source: { failedUnits } }: Facts): Finding | undefined {
  if (manifest || object?.place || object?.state !== 'held') return undefined;
  const left = failedUnits.length === 0 ? 'it left Git' : 'it is not in Git, as far as it is known';
  return {
    code: 'held-deletion',
    state: 'held',
    text: clause(`${left}, and its deletion is held: ${why(object)}`),
    next: APPROVE,
  };
}

/** The reason that the plan gives for an object that is changed again after each correction. */
const FIGHT = /repeatedly, so corrections back off/;

/** Between two corrections, the last sync knows of none. */
function fight({ object, evidence }: Facts): Finding | undefined {
  const contention = evidence?.contention;
  const isHeld = object?.state === 'held' && FIGHT.test(object.reason ?? '');
  if (!contention && !isHeld) return undefined;
  const said = object?.state === 'held' ? `: ${why(object)}` : '';
  const times = contention ? `, ${contention.corrections} times so far` : '';
  return {
    code: 'fight',
    state: 'held',
    text: clause(`${contention?.by ?? 'another manager'} changes it again after each correction${times}${said}`),
    next: {
      text: 'It is corrected again, less and less often. Remove the field from Git, or stop the other manager.',
      ...(contention ? { at: contention.until } : {}),
    },
  };
}

function replicasHeld({ object }: Facts): Finding | undefined {
  if (object?.state !== 'waiting') return undefined;
  return {
    code: REPLICAS_HELD.replace(/^cluster\//, ''),
    state: 'waiting',
    text: clause(why(object)),
    next: SCALE_ONCE,
  };
}

/** The API server's or our own refusal, by its code. */
function objectFailed({ object }: Facts): Finding | undefined {
  if (!object?.error || (object.state !== 'failed' && object.state !== 'refused')) return undefined;
  const { error } = object;
  return { code: situation(error), state: 'failed', text: clause(error.message), ...advised(error) };
}

function situation({ code, message }: { readonly code: string; readonly message: string }): string {
  if (/exceeded quota/.test(message)) return 'quota';
  return code.replace(/^\w+\//, '');
}

/** It is applied after other objects. */
function waitsForOther({ object }: Facts): Finding | undefined {
  if (!object?.waitsFor) return undefined;
  const { path, id } = object.waitsFor;
  const ask = id === undefined ? `fluxctl status lists what is refused in ${path}.` : `fluxctl why ${id} says more.`;
  return {
    code: 'dependency',
    state: 'waiting',
    text: clause(`it ${why(object)}`),
    next: { text: `${AFTER_OTHERS.text} ${ask}` },
  };
}

function objectHeld({ object }: Facts): Finding | undefined {
  if (object?.state !== 'held') return undefined;
  return { code: 'held', state: 'held', text: clause(why(object)), ...(object.error ? advised(object.error) : {}) };
}

function skipped({ object }: Facts): Finding | undefined {
  return object?.state === 'skipped' ? { code: 'skipped', state: 'held', text: clause(why(object)) } : undefined;
}

/** The revision before is kept in sync meanwhile. */
function windowClosed({ source: { applied, head, closed }, manifest }: Facts): Finding | undefined {
  if (!closed || head === undefined || applied === head || !manifest) return undefined;
  return {
    code: 'sync-window',
    state: 'waiting',
    text: clause(`revision ${short(head)} waits ${describeClosed(closed)}`),
    next: {
      text: 'The revision is applied. To apply it now, run fluxctl sync --override-window.',
      ...(Number.isFinite(closed.opensAt) ? { at: closed.opensAt } : {}),
    },
  };
}

/** What is asked about may be changed, or created, by a commit that is refused. */
function unverifiedHead({ source: { head, unverified } }: Facts): Finding | undefined {
  if (!unverified) return undefined;
  const { why: fault, commits } = unverified;
  const stays = head === undefined ? 'nothing is synced' : `revision ${short(head)} stays in effect`;
  return {
    code: 'head-unverified',
    state: 'waiting',
    text: clause(
      `${refusedInWords(unverified)} ${fault}, so ${commits === 1 ? 'it waits' : `${commits} commits wait`}; ${stays}`,
    ),
    next: haveSigned(unverified),
  };
}

function notSynced({ source: { applied, head }, manifest }: Facts): Finding | undefined {
  if (applied !== undefined || !manifest) return undefined;
  return {
    code: 'not-applied',
    state: 'waiting',
    text: `revision ${short(head ?? '')} is not applied yet: the first sync has not ended`,
    next: { text: 'The sync ends.' },
  };
}

function notApplied({ source: { applied, head }, manifest }: Facts): Finding | undefined {
  if (head === undefined || applied === head || !manifest) return undefined;
  return {
    code: 'not-applied',
    state: 'waiting',
    text: `the last sync applied revision ${short(applied ?? '')}, and ${short(head)} was fetched since`,
    next: { text: 'The next sync applies it.' },
  };
}

function tagBlocked({ source: { unrecorded, applied } }: Facts): Finding | undefined {
  if (!unrecorded) return undefined;
  const { error, since } = unrecorded;
  return {
    code: 'not-recorded',
    state: 'failed',
    since,
    text: `Git rejects the sync tag and the record of revision ${short(applied ?? '')}: ${refusalIn(error.message)}`,
    ...advised(error),
  };
}

function inSync({ manifest, source: { applied } }: Facts): Finding {
  if (!manifest) return { code: 'not-wanted', state: 'ok', text: 'nothing to apply' };
  return { code: 'in-sync', state: 'ok', text: `as in revision ${short(applied ?? '')}` };
}

function why({ reason = '', error }: ObjectState): string {
  const message = error?.message ?? '';
  return [reason, ...(reason.includes(message) ? [] : [message])].filter((text) => text !== '').join(': ');
}
