import { backoffMs, type Clock, FluxError, hasCode } from '../../base/index.ts';
import type { SyncRecorder } from './sync-recorder.ts';

/** Backoff after writes that the Git host or the API server rejected: from half a minute to ten minutes. */
const PAUSE = { initialMs: 30_000, maxMs: 600_000 };

const REFUSALS: readonly string[] = ['git/push-failed', 'git/signing-failed', 'marker/refused'];

/** Whether the Git host rejected a push, the key cannot sign the tag, or the API server rejected the marker: an early retry is useless. */
export function isRefusal(error: unknown): boolean {
  return hasCode(error, ...REFUSALS);
}

/**
 * A recorder that backs off after a rejected write, but writes at once if there is something else to write. In between it
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
