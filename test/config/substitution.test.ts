import { expect, test } from 'vitest';
import { parseFlags } from '../../src/config/index.ts';

const parse = (...args: readonly string[]) => parseFlags(args, { version: '1', environment: {}, readFile: () => '' });

test.each([
  [[], undefined],
  [['--substitute-from='], undefined],
  [
    ['--substitute-from=configmap/settings,secret/pass.words', '--substitute-optional'],
    {
      sources: [
        { kind: 'ConfigMap', name: 'settings' },
        { kind: 'Secret', name: 'pass.words' },
      ],
      optional: true,
    },
  ],
])('%j gives %j', (args, expected) => {
  const parsed = parse(...args);
  expect('config' in parsed ? parsed.config.substitution : parsed).toEqual(expected);
});

test.each([
  ['settings', 'it must list objects as configmap/NAME or secret/NAME'],
  ['ConfigMap/settings', 'it must list objects as configmap/NAME or secret/NAME'],
  ['configmap/../x', 'it must list objects as configmap/NAME or secret/NAME'],
  ['configmap/a/b', 'it must list objects as configmap/NAME or secret/NAME'],
  [Array.from({ length: 21 }, (_, n) => `configmap/a${n}`).join(), 'at most 20 are read'],
])('--substitute-from=%s stops the start', (value, why) => {
  expect(parse(`--substitute-from=${value}`)).toMatchObject({ exit: 1, stderr: expect.stringContaining(why) });
});

test('--substitute-optional alone stops the start', () => {
  expect(parse('--substitute-optional')).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('it needs --substitute-from'),
  });
});
