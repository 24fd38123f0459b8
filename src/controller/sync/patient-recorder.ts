import { backoffMs, type Clock, FluxError } from '../../base/index.ts';
import type { SyncRecorder } from './sync.ts';

/** Between two pushes that the Git host refused: at first about half a minute, at last ten. */
const PAUSE = { initialMs: 30_000, maxMs: 600_000 };

/** Whether a Git host said no to a push, which no other try of the same will change. */
export function isRefusal(error: unknown): boolean {
  return error instanceof FluxError && error.code === 'git/push-failed';
}

/**
 * A recorder that does not push again what the Git host has just refused: ever more rarely while everything is as it was, at once when
 * there is something else to push. In between it throws the same error.
 */
export function patientRecorder(recorder: SyncRecorder, clock: Clock): SyncRecorder {
  const records = spaced(clock);
  const claims = spaced(clock);
  return {
    record: (outcome, options) => records(`${outcome.revision} ${outcome.previous}`, () => recorder.record(outcome, options)),
    claim: (revision, left, options) => claims(`${revision} ${left}`, () => recorder.claim(revision, left, options)),
  };
}

function spaced(clock: Clock): (what: string, push: () => Promise<void>) => Promise<void> {
  let refused: { readonly what: string; readonly error: FluxError; readonly times: number; readonly until: number } | undefined;
  return async (what, push) => {
    if (refused?.what === what && clock.monotonic() < refused.until) throw refused.error;
    try {
      await push();
      refused = undefined;
    } catch (error) {
      if (!(error instanceof FluxError && isRefusal(error))) throw error;
      const times = refused?.times ?? 0;
      refused = { what, error, times: times + 1, until: clock.monotonic() + backoffMs(times, PAUSE) };
      throw error;
    }
  };
}
