import { expect, test } from 'vitest';
import { policyUpdate } from '../../ui/changes/act.ts';

test.each([
  ['automate', { add: { automated: 'true' }, remove: {} }],
  ['deautomate', { add: {}, remove: { automated: 'true' } }],
  ['lock', { add: { locked: 'true', locked_user: 'Jane', locked_msg: 'freeze' }, remove: {} }],
  ['unlock', { add: {}, remove: { locked: 'true', locked_msg: 'true', locked_user: 'true' } }],
] as const)('%s changes the policies as fluxctl does', (change, update) => {
  expect(policyUpdate(change, { user: 'Jane', message: 'freeze' })).toEqual(update);
});

test('a lock by no one known names no one', () => {
  expect(policyUpdate('lock', { user: '', message: 'freeze' })).toEqual({ add: { locked: 'true' }, remove: {} });
});
