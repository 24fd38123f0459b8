import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { suspicionOf } from '../../src/registry-watch/suspect.ts';
import { FakeRegistry, json } from './fake-registry.ts';
import { type Setup, setup } from './watch-of.ts';

const INTERVAL = 60_000;
const tags = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `t${from + n}`);

describe('a tag list that lacks tags of the one before', () => {
  test.each<[string, { before: string[]; after: string[]; inUse?: string[] }, boolean]>([
    ['a new tag', { before: ['a'], after: ['a', 'b'], inUse: ['a'] }, false],
    ['one tag that is not in use', { before: ['a', 'b'], after: ['a'], inUse: ['a'] }, false],
    ['the tag in use', { before: ['a', 'b'], after: ['b', 'c'], inUse: ['a'] }, true],
    ['a tag in use that was not there before', { before: ['b'], after: ['b'], inUse: ['a'] }, false],
    ['5 of 6 tags', { before: tags(0, 6), after: tags(0, 1) }, false],
    ['6 of 6 tags', { before: tags(0, 6), after: [] }, true],
    ['6 of 60 tags', { before: tags(0, 60), after: tags(6, 60) }, false],
    ['7 of 60 tags', { before: tags(0, 60), after: tags(7, 60) }, true],
    ['all tags for others', { before: tags(0, 60), after: tags(100, 160) }, true],
    ['the first list', { before: [], after: ['b'], inUse: ['a'] }, false],
  ])('%s', (_, { before, after, inUse = [] }, isSuspect) => {
    const found = suspicionOf({ before, after, inUse, suspect: undefined, now: 7, intervalMs: INTERVAL });
    expect(found).toEqual(isSuspect ? { missing: before.filter((tag) => !after.includes(tag)), since: 7 } : undefined);
  });

  test.each<[string, { missing: string[]; at: number; after: string[] }, 'used' | 'as before' | 'suspect again']>([
    ['the same after an interval', { missing: ['a'], at: INTERVAL, after: ['b', 'c'] }, 'used'],
    ['the same before', { missing: ['a'], at: INTERVAL - 1, after: ['b', 'c'] }, 'as before'],
    ['one that has some of them again', { missing: ['a', 'c'], at: INTERVAL, after: ['b', 'c'] }, 'used'],
    ['one that lacks others', { missing: ['a'], at: 2 * INTERVAL, after: ['c'] }, 'suspect again'],
    ['one that has all again', { missing: ['a'], at: 1, after: ['a', 'b', 'c'] }, 'used'],
  ])('then %s', (_, { missing, at, after }, outcome) => {
    const listing = {
      before: ['a', 'b', 'c'],
      after,
      inUse: ['a'],
      suspect: { missing, since: 0 },
      now: at,
      intervalMs: INTERVAL,
    };
    const found = suspicionOf(listing);
    expect(found?.since).toBe({ used: undefined, 'as before': 0, 'suspect again': at }[outcome]);
  });
});

describe('a registry that loses tags', () => {
  let registry: FakeRegistry;
  let it: Setup;
  beforeEach(async () => {
    registry = await new FakeRegistry().listen();
    it = setup();
    for (const tag of ['1.0.0', '1.1.0']) registry.push(tag, '2024-01-01T00:00:00Z');
    it.watch.watch([{ name: registry.name, pullSecrets: [], inUse: ['1.0.0'] }]);
  });
  afterEach(async () => {
    await it.close();
    await registry.close();
  });

  /** The name and tags that it answers. */
  const answerWith = (listed: readonly string[], name?: string) => {
    registry.intercept = (request, response) => {
      if (!request.url?.includes('/tags/list')) return false;
      json(response, 200, { ...(name === undefined ? {} : { name }), tags: listed });
      return true;
    };
  };
  const scan = async () => {
    await it.watch.scanNow(registry.name);
    return it.watch.repository(registry.name);
  };

  test('is believed by the second scan, an interval later', async () => {
    await scan();
    answerWith(['1.1.0', '9.9.9']);
    expect(await scan()).toMatchObject({ tags: ['1.0.0', '1.1.0'], disappeared: ['1.0.0'] });
    expect(await scan()).toMatchObject({ tags: ['1.0.0', '1.1.0'], disappeared: ['1.0.0'] });
    it.clock.advance(INTERVAL);
    const found = await scan();
    expect(found).toMatchObject({ tags: ['1.1.0', '9.9.9'] });
    expect(found).not.toHaveProperty('disappeared');
    // That it is suspect is news, and so is what is believed: both change decisions.
    expect(it.news).toHaveLength(3);
  });

  test('for a moment changes nothing', async () => {
    await scan();
    answerWith([]);
    expect(await scan()).toMatchObject({ tags: ['1.0.0', '1.1.0'], disappeared: ['1.0.0', '1.1.0'] });
    answerWith(['1.0.0', '1.1.0', '1.2.0']);
    const found = await scan();
    expect(found).toMatchObject({ tags: ['1.0.0', '1.1.0', '1.2.0'] });
    expect(found).not.toHaveProperty('disappeared');
  });

  test('and lacks another one each time is never believed', async () => {
    it.watch.watch([{ name: registry.name, pullSecrets: [], inUse: ['1.0.0', '1.1.0'] }]);
    await scan();
    for (const listed of ['1.0.0', '1.1.0', '1.0.0', '1.1.0']) {
      answerWith([listed, '9.9.9']);
      it.clock.advance(INTERVAL);
      expect(await scan()).toMatchObject({ tags: ['1.0.0', '1.1.0'] });
    }
  });

  test.each([
    ['team/other', 'registry/other-repository'],
    ['web/team', 'registry/other-repository'],
    ['team/web', undefined],
    ['mirror/team/web', undefined],
  ])('answers with the tags of %s', async (name, code) => {
    await scan();
    answerWith(['1.0.0', '1.1.0', '9.9.9'], name);
    const found = await scan();
    expect(found?.error?.code).toBe(code);
    expect(found?.tags.includes('9.9.9')).toBe(code === undefined);
  });
});
