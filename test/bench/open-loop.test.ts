import { expect, test } from 'vitest';
import { openLoop, percentile } from '../../bench/open-loop.ts';

test('sends as many as are due, whether or not those before were answered', async () => {
  const numbers: number[] = [];
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const sent = await openLoop(1000, 20, async (number) => {
    numbers.push(number);
    if (number === 19) open();
    await gate;
    return number;
  });
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, number) => number));
  expect(sent.map(({ answer }) => answer)).toEqual(numbers);
});

test('what waited counts from when it was due', async () => {
  const [first] = await openLoop(1000, 1, async () => {
    const begin = performance.now();
    while (performance.now() - begin < 5);
  });
  expect(first?.ms).toBeGreaterThanOrEqual(5);
});

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
])('the share %d of 1 to 100 is not above %d', (share, value) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, share)).toBe(value);
});
