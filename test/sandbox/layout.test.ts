import { describe, expect, test } from 'vitest';
import { layOut, linksInside } from '../../src/sandbox/layout.ts';
import { StderrTail } from '../../src/sandbox/stderr-tail.ts';
import { filesOf, link } from './command-files.ts';

describe('the layout of files', () => {
  test('a path is a file or a folder', async () => {
    await expect(layOut(filesOf({ a: '', 'a/b': '' }).files)).rejects.toMatchObject({ code: 'sandbox/refused' });
    await expect(layOut(filesOf({ a: link('b'), 'a/b': '' }).files)).rejects.toMatchObject({ code: 'sandbox/refused' });
  });

  test('more files, or larger ones, than a sandbox takes are refused before any is read', async () => {
    const file = { path: 'a', mode: '100644', blob: 'a', size: 1 };
    const many = Array.from({ length: 100_001 }, (_, index) => ({ ...file, path: `a${index}` }));
    await expect(layOut(many)).rejects.toMatchObject({
      code: 'sandbox/refused',
      message: expect.stringContaining('100001 files'),
    });
    await expect(layOut([{ ...file, size: 2 ** 30 }])).rejects.toMatchObject({ message: expect.stringContaining('512 MiB') });
  });

  test('a name that is not UTF-8 is refused', async () => {
    const files = [{ path: 'a\\xff', undecodable: true as const, mode: '100644', blob: 'a', size: 1 }];
    await expect(layOut(files)).rejects.toMatchObject({ message: expect.stringContaining('not UTF-8') });
  });
});

describe('links', () => {
  test.each([
    [{ a: 'b' }, ['a']],
    [{ a: '../b' }, []],
    [{ 'd/a': '../b' }, ['d/a']],
    [{ 'd/a': '../../b' }, []],
    [{ 'd/up': '..', a: 'd/up/b' }, ['d/up', 'a']],
    [{ 'd/up': '..', a: 'd/up/../b' }, ['d/up']],
    [{ a: 'b', b: 'a' }, []],
    [{ a: '/b' }, []],
    [{ a: '' }, []],
    [{ a: './/d/./b' }, ['a']],
    [{ a: 'b', b: '/etc' }, []],
  ])('of %j, %j stay inside', async (links, inside) => {
    expect([...(await linksInside(new Map(Object.entries(links)))).keys()]).toEqual(inside);
  });

  test('that take very long to follow are refused, and do not keep others waiting meanwhile', async () => {
    // Each leads through all after it twice.
    const chain = Array.from({ length: 100 }, (_, index): [string, string] => [`l${index}`, `${'./'.repeat(1000)}l${index + 1}`]);
    const many = Array.from({ length: 2_000 }, (_, index): [string, string] => [`m${index}`, 'l80']);
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    });
    await expect(linksInside(new Map([...chain, ...many]))).rejects.toMatchObject({ code: 'sandbox/refused' });
    clearInterval(counting);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('the end of what a command says', () => {
  test('does not begin within a character', () => {
    const tail = new StderrTail();
    tail.add(Buffer.from('ü'.repeat(3000)));
    tail.add(Buffer.from('x\n'));
    expect(tail.text()).toBe(`${'ü'.repeat(2047)}x`);
  });

  test('is empty if it said nothing', () => {
    expect(new StderrTail().text()).toBe('');
  });
});
