import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { treeEntries } from '../../src/git/tree.ts';

const ID = 'a1'.repeat(20);

describe('a listing of git ls-tree', () => {
  test.each([
    ['', []],
    [`100644 blob ${ID}      12\ta.yaml\0`, [{ path: 'a.yaml', mode: '100644', blob: ID, size: 12 }]],
    [
      `100755 blob ${ID} 1234567\tb/ä b\tc\n.yaml\u0000160000 commit ${ID}       -\tvendor\0`,
      [
        { path: 'b/ä b\tc\n.yaml', mode: '100755', blob: ID, size: 1_234_567 },
        { path: 'vendor', mode: '160000', blob: ID, size: 0 },
      ],
    ],
  ])('%j', (listing, files) => {
    expect([...treeEntries(Buffer.from(listing))]).toEqual(files);
  });

  test('one file that is remembered does not hold the rest of its listing in memory', () => {
    const listing = Buffer.from(`100644 blob ${ID}      12\tsome/directory/object.yaml\0`.repeat(20_000));
    const before = memoryUsed();
    const remembered = Array.from({ length: 20 }, () => [...treeEntries(listing)][7]);
    expect(memoryUsed() - before).toBeLessThan(listing.length);
    expect(remembered).toHaveLength(20);
  });
});

/** Bytes, without garbage; long texts are outside of the heap. */
function memoryUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
