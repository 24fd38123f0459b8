import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonMap } from '../../../../src/base/index.ts';
import { splitImage } from '../../../../src/manifests/kustomize/edit/image-text.ts';
import { type ImageReplacement, withImages } from '../../../../src/manifests/kustomize/edit/images-entry.ts';

/** What `images` makes of an image (sigs.k8s.io/kustomize/api v0.21.2, filters/imagetag/updater.go), for names without special characters. */
function rendered(image: string, { images }: JsonMap): string {
  const entries = Array.isArray(images) ? (images as readonly Readonly<Record<string, string>>[]) : [];
  return entries.reduce((current, { name, newName = '', newTag = '', digest = '' }) => {
    const before = splitImage(current);
    if (before.name !== name) return current;
    const isSame = newTag === '' && digest === '';
    const [tag, hash] = isSame ? [before.tag, before.digest] : [newTag, digest];
    return `${newName === '' ? before.name : newName}${tag === '' ? '' : `:${tag}`}${hash === '' ? '' : `@${hash}`}`;
  }, image);
}

const after = (images: unknown, ...replacements: readonly ImageReplacement[]) =>
  withImages({ resources: ['a'], images } as JsonMap, replacements)?.images;
const to = (from: string, wanted: string): ImageReplacement => ({ from, to: wanted });

test.each<[string, readonly JsonMap[] | null | undefined, readonly ImageReplacement[], readonly JsonMap[]]>([
  ['no images', undefined, [to('a:1', 'a:2')], [{ name: 'a', newTag: '2' }]],
  ['null', null, [to('a:1', 'a:2')], [{ name: 'a', newTag: '2' }]],
  ['an empty list', [], [to('a', 'a:2')], [{ name: 'a', newTag: '2' }]],
  ['a tag in place', [{ name: 'a', newTag: '1' }], [to('a:1', 'a:2')], [{ name: 'a', newTag: '2' }]],
  ['keys keep their order', [{ newTag: '1', name: 'a' }], [to('a:1', 'a:2')], [{ newTag: '2', name: 'a' }]],
  ['other keys stay', [{ name: 'a', tagSuffix: '-x' }], [to('a:1-x', 'a:2-x')], [{ name: 'a', tagSuffix: '-x', newTag: '2-x' }]],
  [
    'the entry with this result, not another of the name',
    [
      { name: 'x', newName: 'a', newTag: '1' },
      { name: 'y', newName: 'a', newTag: '2' },
    ],
    [to('a:1', 'a:3')],
    [
      { name: 'x', newName: 'a', newTag: '3' },
      { name: 'y', newName: 'a', newTag: '2' },
    ],
  ],
  ['the entry of the name, if none has this result', [{ name: 'a' }], [to('a:1', 'a:2')], [{ name: 'a', newTag: '2' }]],
  ['an empty newName is none', [{ name: 'a', newName: '' }], [to('a:1', 'a:2')], [{ name: 'a', newName: '', newTag: '2' }]],
  ['another name', [{ name: 'a', newTag: '1' }], [to('a:1', 'b:2')], [{ name: 'a', newTag: '2', newName: 'b' }]],
  [
    'another name, and the tag stays',
    [{ name: 'a', newName: 'b', newTag: '1' }],
    [to('b:1', 'c:1')],
    [{ name: 'a', newName: 'c', newTag: '1' }],
  ],
  ['a number that stays is no text', [{ name: 'a', newTag: 1 }], [to('a:1', 'b:1')], [{ name: 'a', newTag: 1, newName: 'b' }]],
  ['a number that changes is a text', [{ name: 'a', newTag: 1 }], [to('a:1', 'a:1.10')], [{ name: 'a', newTag: '1.10' }]],
  [
    'what is empty stays',
    [{ name: 'a', newTag: '', digest: 's:1' }],
    [to('a@s:1', 'a@s:2')],
    [{ name: 'a', newTag: '', digest: 's:2' }],
  ],
  ['a digest instead of a tag', [{ name: 'a', newTag: '1' }], [to('a:1', 'a@s:2')], [{ name: 'a', digest: 's:2' }]],
  ['a tag instead of a digest', [{ name: 'a', digest: 's:1' }], [to('a@s:1', 'a:2')], [{ name: 'a', newTag: '2' }]],
  ['a digest beside a tag', [{ name: 'a', newTag: '1' }], [to('a:1', 'a:1@s:2')], [{ name: 'a', newTag: '1', digest: 's:2' }]],
  [
    'several at once',
    [{ name: 'a', newTag: '1' }],
    [to('b:1', 'b:2'), to('a:1', 'a:2'), to('c', 'c@s:1')],
    [
      { name: 'a', newTag: '2' },
      { name: 'b', newTag: '2' },
      { name: 'c', digest: 's:1' },
    ],
  ],
])('%s', (_, images, replacements, expected) => {
  const result = after(images, ...replacements);
  expect(result).toEqual(expected);
  expect(JSON.stringify(result)).toBe(JSON.stringify(expected));
});

test.each<[unknown]>([['x'], [{}], [['x']], [1]])('images that are no list of maps are left: %j', (images) => {
  expect(after(images, to('a:1', 'a:2'))).toBeUndefined();
});

const version = fc.constantFrom(':1', ':2', '@s:1', '@s:2', ':1@s:1', ':2@s:2');
const image = fc.tuple(fc.constantFrom('a', 'b', 'r:5000/c'), version).map((parts) => parts.join(''));
const entry = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'r:5000/c'),
    newName: fc.constantFrom('', 'b', 'd'),
    newTag: fc.constantFrom('', '1', '2'),
    digest: fc.constantFrom('', 's:1'),
  },
  { requiredKeys: ['name'] },
);

test('an image becomes the wanted one, twice is once, and other entries stay', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 3 }), image, version, (images, written, wanted) => {
      const before: JsonMap = { resources: ['a'], images };
      const from = rendered(written, before);
      const replacement = to(from, `${splitImage(from).name}${wanted}`);
      const edited = withImages(before, [replacement]) ?? {};
      // Later entries may take the image up again; that is what a trial is for.
      const isLast = images.every(({ name, newName = '' }) => newName === '' || newName === name);
      if (isLast) expect(rendered(written, edited)).toBe(replacement.to);
      const list = Array.isArray(edited.images) ? edited.images : [];
      expect(images.filter((each, index) => JSON.stringify(each) !== JSON.stringify(list[index])).length).toBeLessThan(2);
      if (isLast) expect(withImages(edited, [to(replacement.to, replacement.to)])).toBe(edited);
    }),
  );
});
