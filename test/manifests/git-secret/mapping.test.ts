import { expect, test } from 'vitest';
import { readMapping } from '../../../src/manifests/git-secret/mapping.ts';

const read = (text: string) => readMapping(Buffer.from(text));
const HASH = 'a'.repeat(64);

test.each([
  ['', []],
  ['\n\n', []],
  ['a.yaml\n', ['a.yaml']],
  ['a.yaml', ['a.yaml']],
  [`a.yaml:${HASH}\nb/c d.yaml:${HASH}\n`, ['a.yaml', 'b/c d.yaml']],
  [`a.yaml:${HASH}\r\nb.yaml\r\n`, ['a.yaml', 'b.yaml']],
  [`a:b.yaml:${HASH}\n`, ['a:b.yaml']],
  ['a:b.yaml\n', ['a:b.yaml']],
  ['./a.yaml\nx/../a.yaml\na.yaml\n', ['a.yaml']],
])('%j lists %j', (text, paths) => {
  expect(read(text)).toEqual(paths);
});

test.each([
  ['/etc/passwd', 1],
  ['a\n../a', 2],
  ['a/../../b', 1],
  ['..', 1],
  ['.', 1],
  ['a\0b', 1],
])('%j is refused by line', (text, line) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'git-secret/bad-mapping', message: expect.stringContaining(`line ${line} `) }),
  );
});

test('a list that is too long is refused', () => {
  expect(() => read('a\n'.repeat(600_000))).toThrow('more than 1 MiB');
  expect(() => read(Array.from({ length: 10_001 }, (_, n) => `a${n}`).join('\n'))).toThrow('more than 10000 files');
});
