import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const ids = (text: string) => new Set(text.match(/\b[SR]-0\d\d\b/g));
const grep = (folder: string) =>
  ids(execFileSync('grep', ['-rhoE', '--include=*.ts', '[SR]-0[0-9]{2}', folder], { cwd: root, encoding: 'utf8' }));

test('every threat of the table is named by a test, and the sources cite no other', () => {
  const table = ids(readFileSync(join(root, 'docs/threat-model.md'), 'utf8'));
  const tests = grep('test');
  const unproven = [...table].filter((id) => !tests.has(id));
  // Said in the table itself not to be finished.
  expect(unproven.filter((id) => id !== 'S-012')).toEqual([]);
  expect([...grep('src')].filter((id) => !table.has(id))).toEqual([]);
});
