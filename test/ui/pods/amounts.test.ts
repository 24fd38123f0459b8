import { expect, test } from 'vitest';
import { bytes, cores } from '../../../ui/pods/amounts.ts';

test.each([
  [0, '0'],
  [0.00025, '0.25m'],
  [0.1, '100m'],
  [0.9999, '1000m'],
  [1, '1'],
  [1.256, '1.26'],
  [16, '16'],
])('%d cores are %j', (amount, text) => {
  expect(cores(amount)).toBe(text);
});

test.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1 KiB'],
  [96 * 2 ** 20, '96 MiB'],
  [1.5 * 2 ** 30, '1.5 GiB'],
  [2 ** 60, '1024 PiB'],
])('%d bytes are %j', (amount, text) => {
  expect(bytes(amount)).toBe(text);
});
