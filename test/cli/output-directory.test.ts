import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeBelow } from '../../src/cli/output-directory.ts';

let root: string;
let out: string;
const victim = () => join(root, 'victim');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'output-'));
  out = join(root, 'out');
  mkdirSync(out);
  writeFileSync(victim(), 'mine');
});
afterEach(() => rmSync(root, { recursive: true }));

test('files and folders are made, and files are written again', async () => {
  for (const text of ['first and longer', 'second']) {
    expect(await writeBelow(out, ['shop', 'cart-dep.yaml'], text)).toBe(join(out, 'shop/cart-dep.yaml'));
    expect(readFileSync(join(out, 'shop/cart-dep.yaml'), 'utf8')).toBe(text);
  }
});

test.each([
  ['a file', () => symlinkSync(victim(), join(out, 'x.yaml')), ['x.yaml']],
  ['a file that is not there yet', () => symlinkSync(join(root, 'new'), join(out, 'x.yaml')), ['x.yaml']],
  ['a folder', () => symlinkSync(root, join(out, 'shop')), ['shop', 'victim']],
  [
    'a folder in a folder',
    () => {
      mkdirSync(join(out, 'a'));
      symlinkSync(root, join(out, 'a/b'));
    },
    ['a', 'b', 'victim'],
  ],
] as const)('S-097: a link to %s below the directory is not followed', async (_, plant, parts) => {
  plant();
  const before = readdirSync(root);
  await expect(writeBelow(out, parts, 'theirs')).rejects.toMatchObject({
    code: 'cli/bad-path',
    message: expect.stringContaining('it is a symbolic link'),
  });
  expect(readFileSync(victim(), 'utf8')).toBe('mine');
  expect(readdirSync(root)).toEqual(before);
});

test('S-097: a pipe under the name of a file is refused, and not waited for', async () => {
  execFileSync('mkfifo', [join(out, 'x.yaml')]);
  await expect(writeBelow(out, ['x.yaml'], 'text')).rejects.toMatchObject({ code: 'cli/bad-path' });
});

test('the directory itself may be a link: it is what was asked for', async () => {
  symlinkSync(out, join(root, 'link'));
  await writeBelow(join(root, 'link'), ['x.yaml'], 'text');
  expect(readFileSync(join(out, 'x.yaml'), 'utf8')).toBe('text');
});
