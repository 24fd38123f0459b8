import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FLAGS = ['--disallow-code-generation-from-strings', '--disable-proto=delete', '--disable-sigusr1'];

test('no test can make code from strings, as the daemon cannot: what tries fails at once (S-028)', () => {
  expect(() => Reflect.construct(Function, ['return 1'])).toThrow(/Code generation from strings disallowed/);
  // biome-ignore lint/security/noGlobalEval: that it fails is the point
  expect(() => globalThis.eval('1')).toThrow(/Code generation from strings disallowed/);
});

test('no test has `__proto__` on its objects, as the daemon has not: text from outside that names it reaches no prototype', () => {
  expect('__proto__' in {}).toBe(false);
  const object: Record<string, unknown> = {};
  Reflect.set(object, '__proto__', { admin: true });
  expect(object.admin).toBeUndefined();
});

test('fluxd is started so by its first line (S-028, H-04)', () => {
  const [firstLine] = readFileSync(join(import.meta.dirname, '../bin/fluxd.ts'), 'utf8').split('\n');
  expect(firstLine).toMatch(/^#!\/usr\/bin\/env -S node /);
  expect(firstLine?.split(' ')).toEqual(expect.arrayContaining(FLAGS));
});
