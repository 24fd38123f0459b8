import { expect, test } from 'vitest';
import { revertReason } from '../../../src/controller/rollout/revert-reason.ts';

const ID = 'shop:deployment/cart';

test.each<[recorded: string, shown: string]>([
  ['container cart: CrashLoopBackOff, exit code 1 (pod cart-1)', 'container cart: CrashLoopBackOff, exit code 1 (pod cart-1)'],
  ['container cart: Error, exit code 1 (pod cart-1): "hunter2 (pod x)"', 'container cart: Error, exit code 1 (pod cart-1)'],
  ['hunter2', 'its container failed'],
])('of the recorded reason %s, %s is shown', (recorded, shown) => {
  const spec = { type: 'auto', spec: { Changes: [], Revert: { Commit: 'c', Reasons: { [ID]: recorded } } } };
  expect(revertReason({ jobId: '1', spec, result: null }, ID)).toBe(shown);
});
