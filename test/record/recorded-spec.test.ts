import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecordedAutomation, readRecordedSpec } from '../../src/record/index.ts';

const NOTHING = { type: '', cause: { Message: '', User: '' }, spec: {} };

test.each<[spec: unknown, read: object]>([
  [undefined, NOTHING],
  ['auto', NOTHING],
  [{ type: 7, cause: 'Ann', spec: [] }, NOTHING],
  [
    { type: 'image', cause: { User: 'Ann', Message: null } },
    { type: 'image', cause: { Message: '', User: 'Ann' }, spec: {} },
  ],
  [
    { type: 'auto', spec: { Changes: [], Revert: 1 } },
    { ...NOTHING, type: 'auto', spec: { Revert: 1 } },
  ],
  [
    { type: 'containers', cause: {}, spec: { Rollback: true } },
    { ...NOTHING, type: 'containers', spec: { Rollback: true } },
  ],
])('%j is read as far as it goes', (spec, read) => {
  expect(readRecordedSpec(spec)).toEqual(read);
  expect(JSON.stringify(readRecordedSpec(spec).cause)).toMatch(/^\{"Message":/);
});

test('any spec is read without an error', () => {
  fc.assert(
    fc.property(fc.anything(), (spec) => {
      expect(typeof readRecordedSpec(spec).cause.User).toBe('string');
      expect(readRecordedAutomation(spec)).toBeUndefined();
    }),
  );
});
