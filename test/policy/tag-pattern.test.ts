import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTagPattern } from '../../src/policy/index.ts';
import { processorMs } from '../support/processor.ts';

describe('a tag pattern', () => {
  test.each<[text: string, canonical: string, yes: readonly string[], no: readonly string[]]>([
    ['*', 'glob:*', ['', '7', 'main'], ['latest', 'LATEST']],
    ['glob:*', 'glob:*', ['7'], ['latest']],
    ['glob:', 'glob:', [''], ['1', 'latest']],
    ['', 'glob:', [''], ['1']],
    ['SEMVER:*', 'glob:SEMVER:*', ['SEMVER:1'], ['1']],
    ['foo:bar', 'glob:foo:bar', ['foo:bar'], ['bar']],
    ['latest', 'glob:latest', ['latest'], ['LATEST', 'r1']],
    ['glob:LATEST', 'glob:LATEST', [], ['LATEST', 'latest']],
    ['semver:*', 'semver:*', ['1.2'], ['', 'main', '3.1.4-beta.2', 'latest']],
    ['regexp:(.*)', 'regexp:(.*)', ['', '1', 'abc'], ['latest']],
    ['regexp:', 'regexp:', ['', 'x'], ['latest']],
    ['regex:^[a-f]+$', 'regexp:^[a-f]+$', ['face', 'abc'], ['ab1', 'a-b']],
    ['regexp:(?i)^(?P<n>RC)\\pL\\z', 'regexp:(?i)^(?P<n>RC)\\pL\\z', ['rcx'], ['rc1']],
  ])('%j reads as %s', (text, canonical, yes, no) => {
    const pattern = parseTagPattern(text);
    expect(pattern).toMatchObject({ text: canonical, valid: true });
    expect(pattern.problem).toBeUndefined();
    expect(yes.filter((tag) => !pattern.matches(tag))).toEqual([]);
    expect(no.filter((tag) => pattern.matches(tag))).toEqual([]);
    expect(parseTagPattern(pattern.text).text).toBe(pattern.text);
  });

  test.each([
    'regexp:[',
    'regexp:(?=x)',
    'regexp:(a)\\1',
    'regexp:a{1001}',
    'semver:^1.x.x.x',
    'semver:',
    `glob:${'*'.repeat(10_240)}`,
  ])('%.40s is invalid and matches nothing (S-030)', (text) => {
    const pattern = parseTagPattern(text);
    expect(pattern.valid).toBe(false);
    expect(pattern.problem).toMatch(/\w+/);
    expect(['', '1', '1.0.0', 'a', 'aa', '***'].filter((tag) => pattern.matches(tag))).toEqual([]);
  });

  test.each([
    `^(.?){1000}${'(.?){1000}'.repeat(48)}[!-,]$`,
    '^(.?){1000}[!-,]$',
    '((a{50}){20})',
    '(((((a{9}){9}){9}){9}){9})',
    `\\Q[\\E(.?){1000}]`,
    `[]](.?){1000}`,
    `[[:alpha:]](.?){1000}`,
    `(?i)(?P<n>\\pL{999})`,
    'ab?'.repeat(300),
  ])('%.40s is too large, and is found so within moments (S-031)', (body) => {
    let pattern = parseTagPattern('');
    const parse = () => {
      pattern = parseTagPattern(`regexp:${body}`);
    };
    // The least of three: the engine compiles and collects garbage at times of its own.
    const took = Math.min(...[1, 2, 3].map(() => processorMs(parse)));
    expect(pattern).toMatchObject({ valid: false, problem: 'compiles to more than 250 instructions' });
    expect(pattern.matches('a')).toBe(false);
    expect(took).toBeLessThan(50);
  });

  test.each([
    '^(main|release|develop)-[0-9a-f]{7,40}-(?P<ts>[0-9]{10,14})$',
    '^v?[0-9]{1,4}\\.[0-9]{1,4}\\.[0-9]{1,4}(-(alpha|beta|rc)\\.[0-9]{1,3})?$',
    '^[a-f0-9]{64}$',
    '^\\Q{1000}\\E$',
    '^\\p{L}+\\x{10FFFF}?$',
  ])('%s is small enough', (body) => {
    expect(parseTagPattern(`regexp:${body}`)).toMatchObject({ valid: true });
  });

  test('takes linear time, however evil (S-031)', () => {
    const evil = [
      '^(a+)+$',
      '(a|aa)+$',
      '(a|a?)+$',
      '(.*a){20}$',
      '(x+x+)+y',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
      '((a{10}){20})',
      '(a*)*b',
    ].map((body) => parseTagPattern(`regexp:${body}`));
    evil.push(parseTagPattern(`glob:${'*a'.repeat(60)}*b`), parseTagPattern(`semver:${'>=1.0.0-a '.repeat(90)}`));
    const tags = [`${'a'.repeat(127)}!`, `${'x'.repeat(128)}`, `1.0.0-${'a.'.repeat(60)}a`];
    const took = processorMs(() => {
      for (const pattern of evil) for (let round = 0; round < 50; round += 1) for (const tag of tags) pattern.matches(tag);
    });
    expect(took).toBeLessThan(10_000);
  });

  test('never throws, whatever the text and the tag', () => {
    const text = fc.tuple(
      fc.constantFrom('', 'glob:', 'semver:', 'regexp:', 'regex:'),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    fc.assert(
      fc.property(text, fc.string({ unit: 'binary' }), ([prefix, body], tag) => {
        const pattern = parseTagPattern(prefix + body);
        const matched = pattern.matches(tag);
        expect(matched && !pattern.valid).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
