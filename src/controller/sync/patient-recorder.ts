import { backoffMs, type Clock, FluxError } from '../../base/index.ts';
import type { SyncRecorder } from './sync-recorder.ts';

/** Backoff after pushes that the Git host rejected: from half a minute to ten minutes. */
const PAUSE = { initialMs: 30_000, maxMs: 600_000 };

/** Whether a Git host rejected a push, or the key cannot sign the sync tag, so that an early retry is useless. */
export function isRefusal(error: unknown): boolean {
  return error instanceof FluxError && (error.code === 'git/push-failed' || error.code === 'git/signing-failed');
}

/**
 * A recorder that backs off after the Git host rejected a push, but pushes at once if there is something else to push. In between it
 * throws the same error.
 */
export function patientRecorder(recorder: SyncRecorder, clock: Clock): SyncRecorder {
  const records = spaced(clock);
  const claims = spaced(clock);
  return {
    record: (outcome, options) => records(`${outcome.revision} ${outcome.previous}`, () => recorder.record(outcome, options)),
    // Dropped after a rejection.
    recordHealth: (revision, health, options) => recorder.recordHealth(revision, health, options),
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
