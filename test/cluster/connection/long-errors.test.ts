import { expect, test } from 'vitest';
import { errorFromStatus, withoutSecretData } from '../../../src/cluster/connection/status-error.ts';
import { processorMs } from '../../support/processor.ts';

const status = (message: string, causes: readonly object[] = []) => ({ kind: 'Status', message, details: { causes } });

test.each([
  ['blanks', ' '],
  ['one letter', 'x'],
  ['quotes', '"'],
  ['colons', ': '],
  ['braces', '{'],
  ['line ends', '\n@@ '],
])('S-082: a message of 8 MiB of %s is an error of 2 KiB, at once', (_, unit) => {
  const text = `ConfigMap "a" is invalid: ${unit.repeat((8 * 2 ** 20) / unit.length)}`;
  const cause = { reason: 'FieldValueInvalid', message: `Invalid value: ${text}`, field: 'data' };
  let length = 0;
  const times = Array.from({ length: 3 }, () =>
    processorMs(() => {
      length = errorFromStatus(422, status(text, Array(1000).fill(cause)), '/x').message.length;
    }),
  );
  expect(length).toBeLessThanOrEqual(2048);
  expect(Math.min(...times)).toBeLessThan(50);
});

test('S-074: a long error about a Secret does not show where a value of it begins', () => {
  const value = 'the-value-of-the-secret'.repeat(200);
  for (const quote of ['', '"', '`'])
    for (let before = 1900; before < 2060; before += 7) {
      const message = `Secret "a" is invalid: ${'y'.repeat(before)} ${quote}${value}${quote}`;
      const error = withoutSecretData(errorFromStatus(422, status(message), '/x'), { stringData: { key: value } }, 'a');
      expect(error.message).not.toContain('the');
      expect(error.message).toMatch(/^Secret /);
    }
});
