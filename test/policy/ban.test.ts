import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Ban, banOf, formatBans, MAX_BANS, parseBans, withBans, withoutBans } from '../../src/policy/ban.ts';
import { policyChanges } from '../../src/policy/index.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

const hex = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 }).map((digits) => digits.join(''));
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
const ban: fc.Arbitrary<Ban> = fc.oneof(
  tag.map((name): Ban => ({ kind: 'tag', tag: name })),
  hex.map((digits): Ban => ({ kind: 'digest', digest: `sha256:${digits}` })),
  fc.tuple(tag, hex).map(([name, digits]): Ban => ({ kind: 'digest', digest: `sha256:${digits}`, tag: name })),
);

describe('bans as text', () => {
  test.each<[text: string, bans: readonly Ban[]]>([
    ['', []],
    ['  ', []],
    ['1.3.0', [{ kind: 'tag', tag: '1.3.0' }]],
    [
      ` 1.3.0 ,2.0.0@${A}, @${B}`,
      [
        { kind: 'tag', tag: '1.3.0' },
        { kind: 'digest', digest: A, tag: '2.0.0' },
        { kind: 'digest', digest: B },
      ],
    ],
  ])('%j', (text, bans) => {
    expect(parseBans(text)).toEqual({ bans });
  });

  test.each([
    '1.3.0,',
    ',',
    '1.3.0 1.4.0',
    'acme/web:1.3.0',
    '@',
    '@sha256:aa',
    `@${A.toUpperCase()}`,
    '-x',
    'x'.repeat(129),
    '1,'.repeat(5000),
    Array.from({ length: 101 }, (_, n) => n).join(', '),
  ])('says what is wrong with %j, and bans nothing by guess', (text) => {
    const { bans, problem } = parseBans(text);
    expect(bans).toEqual([]);
    expect(problem).toMatch(/^(has ".*", which is not a tag|is longer than|has more than 100)/);
  });

  test('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(ban, { maxLength: 20 }), (bans) => {
        expect(parseBans(formatBans(bans))).toEqual({ bans });
      }),
    );
  });

  test('of any text are read without an error, in bounded number and length', () => {
    const pieces = fc
      .array(fc.oneof(fc.string(), tag, fc.constantFrom(',', '@', ' ', A)), { maxLength: 50 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(pieces, (text) => {
        const { bans, problem = '' } = parseBans(text);
        expect(bans.length).toBeLessThanOrEqual(text.length);
        expect(problem.length).toBeLessThan(800);
      }),
    );
  });
});

describe('changing bans', () => {
  test('keeps the newest ten, each once', () => {
    fc.assert(
      fc.property(fc.array(ban), fc.array(ban, { maxLength: 15 }), (before, added) => {
        const after = withBans(before, added);
        expect(after.length).toBeLessThanOrEqual(MAX_BANS);
        const newest = added.at(-1);
        if (newest) expect(after).toContainEqual(newest);
        expect(withBans(after, added.slice(-MAX_BANS)).length).toBe(after.length);
      }),
    );
  });

  test('lifts a ban that was added, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(ban, { maxLength: 8, selector: (each) => JSON.stringify(each) }), ban, (before, added) => {
        const rest = withoutBans(before, [added]);
        expect(withoutBans(withBans(before, [added]), [added])).toEqual(rest);
      }),
    );
  });

  test('finds an image by tag or by one of its digests', () => {
    const bans = parseBans(`1.3.0, 2.0.0@${A}`).bans;
    expect(banOf(bans, '1.3.0', [])).toEqual(bans[0]);
    expect(banOf(bans, 'main', [B, A])).toEqual(bans[1]);
    expect(banOf(bans, '2.0.0', [B])).toBeUndefined();
  });
});

describe('a policy update', () => {
  const changes = (now: string, add: string | undefined, remove?: string) =>
    policyChanges(
      { add: add === undefined ? null : { 'ban.web': add }, remove: remove === undefined ? null : { 'ban.web': remove } },
      [{ name: 'web' }],
      new Map(now === '' ? [] : [['ban.web', now]]),
    ).get('ban.web');

  test.each<[name: string, now: string, add: string | undefined, remove: string | undefined, then: string]>([
    ['adds the first', '', '1.3.0', undefined, '1.3.0'],
    ['adds to those in Git, newest last', '1.3.0, 1.4.0', '1.5.0, 1.3.0', undefined, '1.4.0, 1.5.0, 1.3.0'],
    ['drops the oldest of more than ten', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9', '10', undefined, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10'],
    ['lifts one', '1.3.0, 1.4.0', undefined, '1.3.0', '1.4.0'],
    ['lifts a digest under any tag', `1.3.0@${A}, 1.4.0`, undefined, `@${A}`, '1.4.0'],
    ['lifts the last, and the policy goes', '1.3.0', undefined, '1.3.0', ''],
    ['lifts one that is not there', '1.3.0', undefined, '9', '1.3.0'],
    ['lifts all, as Flux v1 removes policies', '1.3.0, 1.4.0', undefined, 'true', ''],
    ['that adds and lifts the same lifts it', '', '1.3.0', '1.3.0', ''],
    ['removes even what is invalid', '1 2', undefined, 'true', ''],
    ['with an empty value removes', '1.3.0', '', undefined, ''],
  ])('%s', (_name, now, add, remove, then) => {
    expect(changes(now, add, remove)).toBe(then);
  });

  test.each<[string, string | undefined, string | undefined]>([
    ['', 'a b', undefined],
    ['', undefined, 'a b'],
    ['a b', '1.3.0', undefined],
  ])('is refused when a ban is none (%j, adding %j, lifting %j)', (now, add, remove) => {
    expect(() => changes(now, add, remove)).toThrow(expect.objectContaining({ message: 'invalid ban: "a b"', fault: 'user' }));
  });
});
