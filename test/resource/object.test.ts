import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatApiVersion, formatPlace, type ObjectRef, objectKey, parseApiVersion } from '../../src/resource/index.ts';

describe('an apiVersion', () => {
  test.each([
    ['v1', '', 'v1'],
    ['apps/v1', 'apps', 'v1'],
    ['rbac.authorization.k8s.io/v1beta1', 'rbac.authorization.k8s.io', 'v1beta1'],
    ['', '', ''],
    ['a/b/c', 'a', 'b/c'],
    ['apps/', 'apps', ''],
  ])('%j is group %j, version %j, and is written so again', (text, group, version) => {
    expect(parseApiVersion(text)).toEqual({ group, version });
    expect(formatApiVersion({ group, version })).toBe(text);
  });

  test('any text without a leading slash is written as it was read', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.startsWith('/')),
        (text) => {
          expect(formatApiVersion(parseApiVersion(text))).toBe(text);
        },
      ),
    );
  });
});

describe('the key of an object', () => {
  const web: ObjectRef = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

  test('is the same in every version', () => {
    expect(objectKey({ ...web, version: 'v1beta2' })).toBe(objectKey(web));
    expect(objectKey(web)).toBe('apps/Deployment/shop/web');
  });

  test('has an empty place for the core group and for no namespace', () => {
    expect(objectKey({ group: '', version: 'v1', kind: 'Namespace', name: 'shop' })).toBe('/Namespace//shop');
  });

  test.each<Partial<ObjectRef>>([
    { group: 'extensions' },
    { kind: 'deployment' },
    { kind: 'StatefulSet' },
    { namespace: 'shop2' },
    { name: 'Web' },
  ])('is another with %j', (change) => {
    expect(objectKey({ ...web, ...change })).not.toBe(objectKey(web));
  });

  test('of one that Kubernetes could accept is never that of another, whatever the other is made of', () => {
    const good = fc.record({
      group: fc.stringMatching(/^[ab.]{0,3}$/),
      version: fc.constant('v1'),
      kind: fc.stringMatching(/^[AB]{1,2}$/),
      namespace: fc.stringMatching(/^[ab]{0,2}$/),
      name: fc.stringMatching(/^[ab:]{1,3}$/),
    });
    const part = fc.stringMatching(/^[abAB/]{0,4}$/);
    const any = fc.record({ group: part, version: fc.constant('v1'), kind: part, namespace: part, name: part });
    fc.assert(
      fc.property(good, fc.oneof(good, any), (one, other) => {
        expect(objectKey(one) === objectKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a place in the repository', () => {
  test('is told by file, line and document', () => {
    expect(formatPlace({ file: 'deploy/web.yaml', line: 12, document: 3 })).toBe('deploy/web.yaml:12 (document 3)');
  });

  test('is told with the item of a List', () => {
    expect(formatPlace({ file: 'web.yaml', line: 1, document: 1, item: 2 })).toBe('web.yaml:1 (document 1, item 2)');
  });

  test('of what a unit renders names the unit, and the input where that is known', () => {
    const rendered = { unit: 'envs/staging/../.flux.yaml', file: 'envs/.flux.yaml', document: 3, renderer: 'commands' } as const;
    expect(formatPlace(rendered)).toBe('envs/staging/../.flux.yaml (output, document 3)');
    expect(formatPlace({ ...rendered, origin: { file: 'base/web.yaml' } })).toBe(
      'envs/staging/../.flux.yaml (output, document 3, from base/web.yaml)',
    );
  });
});
