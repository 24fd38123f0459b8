import { type Clock, FluxError, rfc3339 } from '../../base/index.ts';
import type { Gate, GateState } from '../../schedule/index.ts';

export type Closed = Extract<GateState, { readonly state: 'closed' }>;

/** When new revisions are applied. */
export interface SyncWindow {
  readonly syncGate: Gate;
  readonly clock: Pick<Clock, 'now'>;
}

/** Why no new revision is applied now, if so. */
export function closedNow({ syncGate, clock }: SyncWindow): Closed | undefined {
  const state = syncGate.stateAt(clock.now());
  return state.state === 'closed' ? state : undefined;
}

/** @throws FluxError `sync/window-closed`. */
export function requireOpen(window: SyncWindow): void {
  const closed = closedNow(window);
  if (closed) throw refusalOf(closed);
}

/** `outside of --sync-window "0 9 * * mon-fri / 8h / UTC"`. */
export function situationOf({ by, text }: Closed): string {
  return by === 'window' ? `outside of --sync-window ${JSON.stringify(text)}` : `in --sync-freeze ${JSON.stringify(text)}`;
}

/** The situation, and until when it lasts. */
export function describeClosed(closed: Closed): string {
  const { opensAt } = closed;
  const end = Number.isFinite(opensAt) ? `new revisions are applied from ${rfc3339(opensAt)} on` : 'no end is in sight';
  return `${situationOf(closed)}; ${end}`;
}

/** Why a sync is refused. */
export function refusalOf(closed: Closed): FluxError {
  return new FluxError(`no sync now: ${describeClosed(closed)}`, {
    code: 'sync/window-closed',
    fault: 'user',
    expected: true,
    help: 'The revision is applied when the window opens. To apply it now, run fluxctl sync --override-window.\n',
  });
}
