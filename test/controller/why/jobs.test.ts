import { expect, test } from 'vitest';
import { describeJob } from '../../../src/controller/why/rules/place.ts';

test.each<[unknown, string]>([
  [{ type: 'auto', cause: {}, spec: { Changes: [] } }, 'automation'],
  [{ type: 'auto', spec: { Changes: [], Revert: { Commit: 'c', Reasons: {} } } }, 'automation, as a revert'],
  [{ type: 'image', cause: { User: 'Ann', Message: 'for the fair' } }, 'release by Ann: for the fair'],
  [{ type: 'containers', cause: { User: 'Ann', Message: '' }, spec: { Rollback: true } }, 'rollback by Ann'],
  [{ type: 'policy', cause: { User: '', Message: '' } }, 'policy change'],
  [{ type: 'constructor' }, 'job'],
  // Anyone with push access may have written it.
  [null, 'job'],
  ['auto', 'job'],
  [{ type: 1, cause: { User: ['x'] } }, 'job'],
])('a job with the spec %j', (spec, text) => {
  expect(describeJob({ spec })).toBe(text);
});
