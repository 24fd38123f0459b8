import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { type Audience, createPublished } from '../../../src/controller/sync/publish-outcome.ts';
import { NO_MIN_AGE } from '../../../src/policy/index.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { countTurns } from '../../support/turns.ts';

/** What learned of a sync, in order, and in which turn of the event loop. */
async function learned(options: { readonly automation: boolean; readonly stopAfter?: string }) {
  const counter = countTurns();
  const learned: { readonly who: string; readonly turn: number }[] = [];
  const term = new AbortController();
  const learn = (who: string) => () => {
    learned.push({ who, turn: counter.turns });
    if (who === options.stopAfter) term.abort(new Error('the lease is lost'));
  };
  const audience: Audience = {
    progress: { done: learn('progress') },
    objectStates: { synced: learn('object states') },
    health: { synced: learn('health') },
    history: { synced: learn('history') },
    metrics: { synced: learn('metrics') },
    notifier: { notify: learn('notifier') },
    images: { watch: learn('image watch') },
    healthFollower: { synced: async () => learn('health follower')() },
    rollouts: { synced: async () => learn('rollouts')() },
    decisionReport: { synced: learn('decision report') },
    automation: options.automation,
    minAge: NO_MIN_AGE,
    daemon: 'fluxd/1',
    log: silentLogger(),
  };
  const error: unknown = await createPublished(audience)(outcomeOf(), { signal: term.signal }).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  counter.stop();
  return { who: learned.map(({ who }) => who), turns: new Set(learned.map(({ turn }) => turn)).size, error };
}

const ALL = [
  'progress',
  'object states',
  'health',
  'history',
  'metrics',
  'notifier',
  'image watch',
  'decision report',
  'health follower',
  'rollouts',
];

test('everything learns of a sync once, and others have their turn in between', async () => {
  expect(await learned({ automation: true })).toEqual({ who: ALL, turns: 5, error: undefined });
  expect((await learned({ automation: false })).who).toEqual(ALL.filter((who) => who !== 'image watch' && who !== 'rollouts'));
});

test('publishing ends with the right to write', async () => {
  const { who, error } = await learned({ automation: true, stopAfter: 'history' });
  expect(who).toEqual(ALL.slice(0, 4));
  expect(error).toMatchObject({ message: 'the lease is lost' });
});
