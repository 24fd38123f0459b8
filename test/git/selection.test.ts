import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSelection, type Selection } from '../../src/git/selection.ts';

const ID = 'a1'.repeat(20);
const ALL: Selection = { names: /\.yaml$/, below: [], records: 100, kept: { records: 100, bytes: 10_000 } };

function record(path: string, mode = '100644'): string {
  return `${mode} blob ${ID}      12\t${path}\0`;
}

function selected(listing: string, wanted: Partial<Selection> = {}, size = 1 << 16): string {
  const selection = createSelection({ ...ALL, ...wanted });
  const bytes = Buffer.from(listing, 'latin1');
  for (let at = 0; at < bytes.length; at += size) if (!selection.add(bytes.subarray(at, at + size))) return 'more than is read';
  return selection.output().toString('latin1');
}

describe('what is kept of a listing', () => {
  test.each([
    ['a manifest', record('apps/a.yaml'), true],
    ['a name that is not UTF-8', record('caf\xe9.yaml'), true],
    ['a name with a line in it', record('a.yaml\nb'), false],
    ['any other file', record('apps/a.txt'), false],
    ['a folder, whatever its name', record('apps.yaml', '040000'), false],
    ['a link, whatever its name', record('current', '120000'), true],
    ['a submodule, whatever its name', record('vendor', '160000'), true],
  ])('%s', (_, line, isKept) => {
    expect(selected(line)).toBe(isKept ? line : '');
  });

  test('of the files below a path the first, to prove that there is one', () => {
    const files = ['docs/a.txt', 'docs/b.txt', 'docs2/c.txt', 'readme'].map((path) => record(path));
    expect(selected([record('docs', '040000'), ...files].join(''), { below: ['docs', 'readme', 'nothing'] })).toBe(
      `${record('docs/a.txt')}${record('readme')}`,
    );
  });

  test('is the same in whatever pieces the output comes', () => {
    const paths = fc.array(fc.constantFrom('a.yaml', 'b.txt', 'c\xe9.yaml', 'd\te.yaml', 'f'), { maxLength: 8 });
    fc.assert(
      fc.property(paths, fc.integer({ min: 1, max: 80 }), (names, size) => {
        const listing = names.map((name) => record(name)).join('');
        const kept = names.filter((name) => name.endsWith('.yaml')).map((name) => record(name));
        expect(selected(listing, {}, size)).toBe(kept.join(''));
      }),
      { numRuns: 50 },
    );
  });
});

describe('more than the bound of', () => {
  const two = `${record('a.yaml')}${record('b.yaml')}`;
  test.each([
    ['records, those that are not kept among them', { records: 1 }, `${record('a.txt')}${record('b.txt')}`],
    ['records that are kept', { kept: { records: 1, bytes: 10_000 } }, two],
    ['bytes that are kept', { kept: { records: 100, bytes: 80 } }, two],
    ['bytes of a record that does not end', { kept: { records: 100, bytes: 80 } }, record('a'.repeat(90)).slice(0, -1)],
  ])('%s ends it', (_, bound, listing) => {
    expect(selected(listing)).not.toBe('more than is read');
    expect(selected(listing, bound)).toBe('more than is read');
  });
});
