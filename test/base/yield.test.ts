import { expect, test } from 'vitest';
import { yieldTurn } from '../../src/base/index.ts';

test('what waits for its turn has had it', async () => {
  let served = false;
  setImmediate(() => {
    served = true;
  });
  await yieldTurn();
  expect(served).toBe(true);
});

test('an abort in the meantime ends the work, with its reason', async () => {
  const stopping = new AbortController();
  const reason = new Error('stopping');
  setImmediate(() => stopping.abort(reason));
  await expect(yieldTurn(stopping.signal)).rejects.toBe(reason);
});
