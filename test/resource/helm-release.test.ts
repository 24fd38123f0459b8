import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatImageRef, parseImageRef, tryParseImageRef, withTag } from '../../src/image/index.ts';
import { containersOf, type FieldChange, imageFieldChanges, type KubeObject } from '../../src/resource/index.ts';

const release = (values: unknown, annotations: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'helm.fluxcd.io/v1',
  kind: 'HelmRelease',
  metadata: { name: 'wiki', annotations },
  spec: { values },
});

/** A copy of the object with the changes made. */
function changed(object: KubeObject, changes: readonly FieldChange[]): KubeObject {
  const copy = structuredClone(object);
  for (const { path, value } of changes) {
    let at = copy as Record<string, unknown>;
    for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
    at[path.at(-1) ?? ''] = value;
  }
  return copy;
}

describe('the values of a HelmRelease', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'image: x'],
    ['a list', [{ image: 'x:1' }]],
    ['only what is inherited', Object.create({ image: 'x:1', db: { image: 'y:1' } })],
    ['images that are no references', { image: 'a:b:c', db: { image: '' }, e: { image: { repository: '/x' } } }],
  ])('that are %s hold no image', (_what, values) => {
    expect(containersOf(release(values))).toEqual([]);
    expect(imageFieldChanges(release(values), 'chart-image', 'x:2')).toBeUndefined();
  });

  test('a child named like the image at the top gives way to it', () => {
    const child = { 'chart-image': { image: 'x:1' } };
    expect(containersOf(release(child))).toEqual([{ name: 'chart-image', image: 'x:1' }]);
    expect(containersOf(release({ ...child, image: 'y:1' }))).toEqual([{ name: 'chart-image', image: 'y:1' }]);
  });

  test('one text cannot be both registry and repository', () => {
    const annotations = { 'registry.fluxcd.io/a': 'x', 'repository.fluxcd.io/a': 'x' };
    expect(containersOf(release({ x: 'r.dev' }, annotations))).toEqual([]);
  });

  test('a digest behind the tag moves with the tag', () => {
    expect(imageFieldChanges(release({ image: 'a/b', tag: '1@sha256:aa' }), 'chart-image', 'a/b:2@sha256:bb')).toEqual([
      { path: ['spec', 'values', 'tag'], value: '2@sha256:bb' },
    ]);
  });

  test('a tag in a field of its own is told apart from one in the reference', () => {
    expect(containersOf(release({ image: 'a/b', tag: '1' }))).toEqual([
      { name: 'chart-image', image: 'a/b:1', isTagApart: true },
    ]);
    expect(containersOf(release({ image: 'a/b:1' }))).toEqual([{ name: 'chart-image', image: 'a/b:1' }]);
  });

  test('nothing is to be changed for the image there is', () => {
    expect(imageFieldChanges(release({ registry: 'r.dev', image: 'b:1' }), 'chart-image', 'r.dev/b:1')).toEqual([]);
  });

  test('a tag that is no text is left alone where an annotation takes it for an image', () => {
    const object = release({ registry: 'r.dev', image: 'wiki:1', tag: {} }, { 'repository.fluxcd.io/chart-image': 'tag' });
    expect(containersOf(object)).toEqual([{ name: 'chart-image', image: 'r.dev/wiki:1' }]);
    const changes = imageFieldChanges(object, 'chart-image', 'r.dev/wiki:2') ?? [];
    expect(containersOf(changed(object, changes))).toEqual([{ name: 'chart-image', image: 'r.dev/wiki:2' }]);
  });

  test('of whatever shape are read without an error, and each image found can be moved to another tag', () => {
    const word = fc.constantFrom(
      'acme/wiki',
      'wiki',
      'r.dev',
      'r.dev/team/wiki',
      'wiki:1',
      '',
      '1.2',
      'v1@sha256:aa',
      'localhost:5000/a',
    );
    const key = fc.constantFrom('image', 'repository', 'registry', 'tag', 'a', 'chart-image', '__proto__', 'x');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'large', maxDepth: 4 },
        { weight: 5, arbitrary: word },
        { weight: 1, arbitrary: fc.constantFrom(null, 5, true, []) },
        { weight: 4, arbitrary: fc.dictionary(key, tie('tree'), { maxKeys: 5 }) },
      ),
    }));
    const path = fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => keys.join('.'));
    const annotation = fc.tuple(fc.constantFrom('registry', 'repository', 'tag'), fc.constantFrom('a', 'x', 'chart-image'));
    const annotations = fc.dictionary(
      annotation.map(([field, name]) => `${field}.fluxcd.io/${name}`),
      path,
      { maxKeys: 4 },
    );
    let moved = 0;
    fc.assert(
      fc.property(fc.dictionary(key, tree, { maxKeys: 6 }), annotations, (values, notes) => {
        const object = release(values, notes);
        const before = containersOf(object);
        const names = before.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const { name, image } of before) {
          const ref = tryParseImageRef(image);
          if (!ref) throw new Error(`${image} is listed`);
          if (ref.tag === '') continue;
          const wanted = formatImageRef(withTag(parseImageRef(image), 'v9'));
          const changes = imageFieldChanges(object, name, wanted) ?? [];
          expect(changes.length).toBeLessThanOrEqual(2);
          const after = containersOf(changed(object, changes)).find((container) => container.name === name);
          expect(after?.image).toBe(wanted);
          moved += 1;
        }
      }),
      { numRuns: 3000 },
    );
    expect(moved).toBeGreaterThan(100);
  });
});
