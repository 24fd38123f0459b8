import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('docs/fluxd-flags.md is what the flag table says', () => {
  const tool = join(import.meta.dirname, '../../tools/generate-flag-docs.mjs');
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toBe('');
});
