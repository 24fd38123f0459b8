import { expect, test } from 'vitest';
import { say } from '../../src/cli/style.ts';

test.each<['Error' | 'Warning', boolean, string]>([
  ['Error', true, '\u001b[31mError:\u001b[39m 1 object failed\n'],
  ['Warning', true, '\u001b[33mWarning:\u001b[39m 1 object failed\n'],
  ['Error', false, 'Error: 1 object failed\n'],
])('%s on standard error (terminal: %s)', (level, isTTY, expected) => {
  const written: string[] = [];
  say({ env: {}, colour: true, stderr: { isTTY, write: (text) => written.push(text) } }, level, '1 object failed');
  expect(written.join('')).toBe(expected);
});
