import { describe, expect, test } from 'vitest';
import {
  examining,
  fetched,
  fetchFailed,
  gitKilled,
  type MirrorState,
  readOddly,
  rebuilt,
  swept,
  UNOPENED,
} from '../../src/git/mirror-state.ts';

const OPENED: MirrorState = { leftovers: 'none', reads: 'sound', fetches: 'working' };

/** The state after transitions one after the other. */
const reached = (...transitions: readonly ((state: MirrorState) => MirrorState)[]) =>
  transitions.reduce((state, transition) => transition(state), UNOPENED);

describe('the state of a mirror', () => {
  test.each<[string, MirrorState, Partial<MirrorState>]>([
    ['nothing is swept before it is opened', UNOPENED, { leftovers: 'of former process' }],
    ['opened', reached(swept), {}],
    [
      'a git killed before that leaves less than a former process may have',
      reached(gitKilled),
      { leftovers: 'of former process' },
    ],
    ['a killed git', reached(swept, gitKilled), { leftovers: 'of killed git' }],
    ['its locks were swept', reached(swept, gitKilled, swept), {}],
    ['an odd answer', reached(swept, readOddly), { reads: 'suspect' }],
    ['is looked into once', reached(swept, readOddly, examining), {}],
    ['a fetch does not explain it', reached(swept, readOddly, fetched), { reads: 'suspect' }],
    ['a fetch that failed', reached(swept, fetchFailed), { fetches: 'failing' }],
    ['one that failed after an odd answer', reached(swept, readOddly, fetchFailed), { reads: 'suspect', fetches: 'failing' }],
    ['an odd answer while fetches fail', reached(swept, fetchFailed, readOddly, examining), { fetches: 'failing' }],
    ['a fetch again', reached(swept, fetchFailed, fetched), {}],
    ['a new mirror', reached(swept, gitKilled, readOddly, fetchFailed, rebuilt), { leftovers: 'of killed git' }],
  ])('%s', (_name, state, expected) => expect(state).toEqual({ ...OPENED, ...expected }));
});
