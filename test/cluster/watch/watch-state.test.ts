import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import {
  connected,
  disordered,
  ended,
  failed,
  isOutcome,
  listed,
  listing,
  NOT_LISTED,
  needsPages,
  outdated,
  pauseAfterEnd,
  pauseAfterFailure,
  rested,
  type WatchState,
  withoutStreaming,
  woken,
} from '../../../src/cluster/watch/watch-state.ts';

type Transition = (state: WatchState) => WatchState;

const down = new FluxError('connection refused', { code: 'cluster/unreachable' });
const forbidden = new FluxError('no right to watch', { code: 'cluster/forbidden' });
const expired = new FluxError('too old', { code: 'cluster/expired' });
const restored = new FluxError('Too large resource version: 7, current: 5', { code: 'cluster/timeout' });

const reached = (...transitions: readonly Transition[]) => transitions.reduce((state, next) => next(state), NOT_LISTED);
const fails =
  (error: FluxError, heldMs = 0): Transition =>
  (state) =>
    failed(state, error, heldMs);
const ends =
  (heldMs: number): Transition =>
  (state) =>
    ended(state, heldMs);
const half = { random: () => 0 };

describe('a watch', () => {
  test.each<[string, WatchState, Partial<WatchState>]>([
    ['begins with a list', reached(), { phase: 'connecting', start: 'list', lists: 0 }],
    ['is live once the list is whole', reached(listing, listed, connected), { phase: 'live', start: 'resume', lists: 1 }],
    [
      'goes on where it stood when the server ended it',
      reached(listed, connected, ends(45_000)),
      { phase: 'connecting', start: 'resume' },
    ],
    ['goes on where it stood after a failure', reached(listed, connected, fails(down)), { phase: 'connecting', start: 'resume' }],
    ['lists again when its version is too old', reached(listed, connected, fails(expired)), { start: 'list' }],
    ['lists again after events in disorder', reached(listed, connected, disordered), { start: 'list' }],
    ['asks for the newest state of a restored server', reached(listed, connected, fails(restored)), { start: 'newest list' }],
    ['still does when its version is too old as well', reached(outdated, fails(expired)), { start: 'newest list' }],
    ['still does after events in disorder', reached(outdated, disordered), { start: 'newest list' }],
    ['resumes once that list is whole', reached(outdated, listed), { start: 'resume' }],
    ['does not try to stream again', reached(withoutStreaming, listed, connected, fails(expired)), { streams: false }],
    ['rests when it is live', reached(listed, connected, rested), { phase: 'resting' }],
    ['does not rest before', reached(rested), { phase: 'connecting' }],
    ['rests when its connection ends meanwhile', reached(listed, connected, rested, ends(10)), { phase: 'resting' }],
    ['rests when its connection fails meanwhile', reached(listed, connected, rested, fails(down)), { phase: 'resting' }],
    ['connects when it is woken', reached(listed, connected, rested, woken), { phase: 'connecting', start: 'resume' }],
    ['that is live is not woken', reached(listed, connected, woken), { phase: 'live' }],
    [
      'forgets failures when it ends well',
      reached(fails(down), fails(down), connected, ends(45_000)),
      { failures: 0, passing: 0 },
    ],
    [
      'forgets failures once it held',
      reached(fails(down), fails(down), connected, fails(down, 5_000)),
      { failures: 1, passing: 1 },
    ],
    [
      'counts on when it did not hold',
      reached(fails(down), fails(down), connected, fails(down, 4_999)),
      { failures: 3, passing: 3 },
    ],
    ['counts on however long a list took', reached(fails(down), fails(down, 60_000)), { failures: 2, passing: 2 }],
    ['counts what passes apart', reached(fails(down), fails(forbidden), fails(down)), { failures: 3, passing: 1 }],
    ['counts ends that come too soon', reached(ends(10), ends(999)), { shorts: 2 }],
    ['until one does not', reached(ends(10), ends(1_000)), { shorts: 0 }],
  ])('%s', (_name, state, expected) => expect(state).toMatchObject(expected));

  test.each<[string, WatchState, boolean]>([
    ['where the server can stream lists', reached(), false],
    ['where it cannot', reached(withoutStreaming), true],
    ['nor when nothing is to be listed', reached(withoutStreaming, listed), false],
    ['for the newest state', reached(outdated), true],
  ])('lists in pages first: %s', (_name, state, expected) => expect(needsPages(state)).toBe(expected));

  test.each<[string, WatchState, FluxError, boolean]>([
    ['not the first one that may pass', reached(), down, false],
    ['the second one', reached(fails(down)), down, true],
    ['at once, what does not pass', reached(), forbidden, true],
    ['not what may pass after it', reached(fails(forbidden)), down, false],
    ['not that a live watch was lost', reached(listed, connected), forbidden, false],
    ['not what happens to a resting watch', reached(listed, connected, rested), forbidden, false],
  ])('tells those who wait of a failure: %s', (_name, before, error, expected) => {
    expect(isOutcome(before, failed(before, error, 0))).toBe(expected);
  });
});

test('pauses grow with failures in a row, but the second attempt comes soon', () => {
  const pause = (...errors: readonly FluxError[]) => pauseAfterFailure(reached(...errors.map((error) => fails(error))), half);
  expect(pause(down)).toBe(125);
  expect(pause(down, down)).toBe(250);
  expect(pause(forbidden, forbidden, forbidden)).toBe(500);
  expect(pause(forbidden, forbidden, forbidden, down)).toBe(125);
  expect(pause(...Array.from({ length: 20 }, () => down))).toBe(15_000);
});

test('pauses grow with watches that end too soon, and there is none after a good one', () => {
  const pause = (...heldMs: readonly number[]) => pauseAfterEnd(reached(...heldMs.map(ends)), half);
  expect([pause(45_000), pause(10), pause(10, 10), pause(...Array.from({ length: 20 }, () => 10))]).toEqual([0, 50, 100, 1_000]);
});
