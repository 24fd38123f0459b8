import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('docs/fluxctl.md tells of every command, with the flags that it has', () => {
  const tool = join(import.meta.dirname, '../../tools/generate-fluxctl-docs.mjs');
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toBe('');
});
