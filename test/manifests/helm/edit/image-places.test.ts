import { describe, expect, test } from 'vitest';
import { isJsonMap, type JsonMap, parseYamlDocuments } from '../../../../src/base/index.ts';
import { changesAt, namedPlace, placesOf } from '../../../../src/manifests/helm/edit/image-places.ts';
import { VARIABLE_START } from '../../../../src/manifests/substitution/variables.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;

function valuesOf(text: string): JsonMap {
  const [document] = parseYamlDocuments(text);
  if (!document || document.error || !isJsonMap(document.value)) throw new Error('no values');
  return document.value;
}

/** What each place would change, in their order. */
function changes(text: string, from: string, to: string): readonly string[] {
  const values = valuesOf(text);
  return placesOf(values, from, to).map((place) => {
    const all = changesAt(values, place, from, to);
    return all ? all.map(({ path, value }) => `${path.join('.')}=${value}`).join(' ') : 'does not fit';
  });
}

describe('where values have an image, and what an update changes there', () => {
  test.each<[string, string, string, string, readonly string[]]>([
    ['one field', 'image: a:1', 'a:1', 'a:2', ['image=a:2']],
    ['one field under any key', 'x: {w: [{z: "a:1"}]}', 'a:1', 'a:2', ['x.w.0.z=a:2']],
    ['image and tag', 'image: a\ntag: "1"', 'a:1', 'a:2', ['tag=2']],
    ['image, registry and tag', 'registry: r.io\nimage: t/a\ntag: "1"', 'r.io/t/a:1', 'r.io/t/a:2', ['tag=2']],
    ['repository and tag', 'image: {repository: a, tag: "1"}', 'a:1', 'a:2', ['image.tag=2']],
    ['without image around', 'web: {repository: a, tag: "1"}', 'a:1', 'a:2', ['web.tag=2']],
    [
      'a global registry',
      'global: {imageRegistry: r.io}\nimage: {registry: d.io, repository: a, tag: "1"}',
      'r.io/a:1',
      'r.io/a:2',
      ['image.tag=2'],
    ],
    ['a prefix', 'webImage: a\nwebTag: "1"', 'a:1', 'a:2', ['webTag=2']],
    ['a prefix of both', 'apiImageTag: "1"\nwebImage: a\nwebImageTag: "1"', 'a:1', 'a:2', ['webImageTag=2', 'apiImageTag=2']],
    ['a version', 'image: a\nversion: "1"', 'a:1', 'a:2', ['version=2']],
    ['a number', 'image: a\ntag: 1.1', 'a:1.1', 'a:1.10', ['tag=1.10']],
    ['a number that is printed otherwise', 'image: a\ntag: 20250101', 'a:2.0250101e+07', 'a:3', ['tag=3']],
    ['a large number', 'image: a\ntag: 9007199254740993', 'a:9007199254740993', 'a:3', ['tag=3']],
    ['an empty tag', 'image: {repository: a, tag: ""}', 'a:1', 'a:2', ['image.tag=2']],
    ['no tag', 'image: {repository: a}', 'a:1', 'a:2', ['image.tag=2']],
    ['no tag and a prefix', 'webImage: a', 'a:1', 'a:2', ['webImageTag=2']],
    ['no tag in the image', 'image: a', 'a', 'a:2', ['image=a:2']],
    ['another tag', 'image: {repository: a, tag: "3"}', 'a:1', 'a:2', []],
    ['another name', 'image: {repository: b, tag: "1"}', 'a:1', 'a:2', []],
    ['a port', 'image: {repository: "r:5000/a", tag: "1"}', 'r:5000/a:1', 'r:5000/a:2', ['image.tag=2']],
    ['another repository', 'image: {repository: a, tag: "1"}', 'a:1', 'b:2', ['image.repository=b image.tag=2']],
    [
      'another host where one has a field',
      'image: {registry: r.io, repository: t/a, tag: "1"}',
      'r.io/t/a:1',
      's.io/t/a:2',
      ['image.registry=s.io image.tag=2'],
    ],
    ['no host where one has a field', 'image: {registry: r.io, repository: a, tag: "1"}', 'r.io/a:1', 'a:2', ['does not fit']],
    ['a digest in the reference', `image: a:1@${DIGEST}`, `a:1@${DIGEST}`, `a:2@${OTHER}`, [`image=a:2@${OTHER}`]],
    ['a digest in the tag', `image: a\ntag: "1@${DIGEST}"`, `a:1@${DIGEST}`, `a:2@${OTHER}`, [`tag=2@${OTHER}`]],
    ['a first digest without a field', 'image: a\ntag: "1"', 'a:1', `a:2@${OTHER}`, [`tag=2@${OTHER}`]],
    [
      'a digest and a tag',
      `image: {repository: a, tag: "1", digest: "${DIGEST}"}`,
      `a:1@${DIGEST}`,
      `a:2@${OTHER}`,
      [`image.tag=2 image.digest=${OTHER}`],
    ],
    [
      'a digest that hides the tag',
      `image: {repository: a, tag: "1", digest: "${DIGEST}"}`,
      `a@${DIGEST}`,
      `a@${OTHER}`,
      [`image.digest=${OTHER}`],
    ],
    [
      'a digest that ends',
      `image: {repository: a, tag: "1", digest: "${DIGEST}"}`,
      `a@${DIGEST}`,
      'a:2',
      ['image.tag=2 image.digest='],
    ],
    ['a digest alone', `image: {repository: a, digest: "${DIGEST}"}`, `a@${DIGEST}`, `a@${OTHER}`, [`image.digest=${OTHER}`]],
    [
      'an empty digest',
      'image: {repository: a, tag: "1", digest: ""}',
      'a:1',
      `a:2@${OTHER}`,
      [`image.tag=2 image.digest=${OTHER}`],
    ],
    [
      'several places, those that spell all first',
      'b: {repository: a, tag: ""}\nc: {repository: a, tag: "1"}\nd: a:1',
      'a:1',
      'a:2',
      ['d=a:2', 'c.tag=2', 'b.tag=2'],
    ],
    ['a name of a container', 'list: [{name: a, image: a, tag: "1"}]', 'a:1', 'a:2', ['list.0.tag=2', 'list.0.tag=2']],
    ['no image at all', 'a: {b: null, c: [1, true]}', 'a:1', 'a:2', []],
    ['a container without an image', 'image: ""', '', 'a:2', []],
    ['keys of JavaScript', 'constructor: {image: a, tag: "1"}\ntoString: a', 'a:1', 'a:2', ['constructor.tag=2']],
  ])('%s', (_, text, from, to, expected) => {
    expect(changes(text, from, to)).toEqual(expected);
  });

  test.each<[string, string, Parameters<typeof namedPlace>[1], string, string, string | undefined]>([
    ['a complete image', 'a: {b: "x:1"}', { image: 'a.b' }, 'x:1', 'x:2', 'a.b=x:2'],
    ['a tag alone', 'a: "1"', { tag: 'a' }, 'x:1', 'x:2', 'a=2'],
    ['a tag that is not there yet', 'a: b', { tag: 'c.d' }, 'x:1', 'x:2', 'c.d=2'],
    ['an item of a list', 'a: [{b: "1"}]', { tag: 'a.0.b' }, 'x:1', 'x:2', 'a.0.b=2'],
    ['a number that is a key', 'a: {"0": "1"}', { tag: 'a.0' }, 'x:1', 'x:2', 'a.0=2'],
    ['a name that the chart puts something before', 'n: x\nt: "1"', { repository: 'n', tag: 't' }, 'm.io/x:1', 'm.io/x:2', 't=2'],
    ['all parts', 'r: r.io\np: x\nt: "1"', { registry: 'r', repository: 'p', tag: 't' }, 'r.io/x:1', 's.io/x:2', 'r=s.io t=2'],
    ['a digest', `d: ${DIGEST}`, { digest: 'd' }, `x@${DIGEST}`, `x@${OTHER}`, `d=${OTHER}`],
    ['a variable', `a: "${VARIABLE_START}TAG}"`, { tag: 'a' }, 'x:1', 'x:2', undefined],
    ['a tag alone, of another name', 'a: "1"', { tag: 'a' }, 'x:1', 'y:2', undefined],
  ])('what a person names: %s', (_, text, paths, from, to, expected) => {
    const values = valuesOf(text);
    const all = changesAt(values, namedPlace(values, paths), from, to);
    expect(all?.map(({ path, value }) => `${path.join('.')}=${value}`).join(' ')).toBe(expected);
  });
});
