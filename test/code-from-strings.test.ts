import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FLAG = '--disallow-code-generation-from-strings';

test('no test can make code from strings, as the daemon cannot: what tries fails at once (S-028)', () => {
  expect(() => Reflect.construct(Function, ['return 1'])).toThrow(/Code generation from strings disallowed/);
  // biome-ignore lint/security/noGlobalEval: that it fails is the point
  expect(() => globalThis.eval('1')).toThrow(/Code generation from strings disallowed/);
});

test('fluxd is started so by its first line (S-028)', () => {
  const [firstLine] = readFileSync(join(import.meta.dirname, '../bin/fluxd.ts'), 'utf8').split('\n');
  expect(firstLine).toMatch(/^#!\/usr\/bin\/env -S node /);
  expect(firstLine?.split(' ')).toContain(FLAG);
});
