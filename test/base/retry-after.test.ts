import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/base/index.ts';

const now = Date.parse('2030-01-01T00:00:00Z');
const read = (header: string | readonly string[] | undefined) => retryAfterMs(header, { now, maxMs: 300_000 });

test.each([
  ['5', 5000],
  [' 0 ', 0],
  ['007', 7000],
  ['999999', 300_000],
  ['9'.repeat(10), 300_000],
  ['9'.repeat(5000), 300_000],
  ['Tue, 01 Jan 2030 00:00:10 GMT', 10_000],
  ['Mon, 31 Dec 2029 23:00:00 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 300_000],
  ['1.5', undefined],
  ['-1', undefined],
  ['+5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['5 s', undefined],
  ['5, 6', undefined],
  ['soon', undefined],
  ['soon 5', undefined],
  ['2030-01-01T00:00:10Z', undefined],
  ['Tue, 01 Jan 2030 00:00:10', undefined],
  ['Tue, 01 Jan 2030 00:00:10 CET', undefined],
  ['Wed, 01 Jan 2030 00:00:10 GMT', undefined],
  ['Tue, 32 Jan 2030 00:00:10 GMT', undefined],
  ['', undefined],
  [undefined, undefined],
  [['5', '6'], undefined],
] as const)('Retry-After %j means %j ms', (header, ms) => {
  expect(read(header)).toBe(ms);
});

test('whatever a server writes is a pause within the bound, or none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.date({ noInvalidDate: true }).map(String), fc.nat().map(String)), (header) => {
      const ms = read(header);
      expect(ms === undefined || (ms >= 0 && ms <= 300_000)).toBe(true);
    }),
  );
});
