import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { CLUSTER_SCOPE, formatResourceId, parseResourceId, parseResourceIdIn } from '../../src/resource/index.ts';
import { processorMs } from '../support/processor.ts';

function refusal(parse: () => unknown): FluxError {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(FluxError);
    return error as FluxError;
  }
  throw new Error('was accepted');
}

describe('parsing a resource id', () => {
  test.each<[text: string, namespace: string, kind: string, name: string]>([
    ['SHOP:deployment/cart', 'SHOP', 'deployment', 'cart'],
    ['<cluster>:namespace/shop', '<cluster>', 'namespace', 'shop'],
    ['<cluster>:clusterrole/system:node', '<cluster>', 'clusterrole', 'system:node'],
    ['0:1/2', '0', '1', '2'],
    // The oldest form, for services only.
    ['shop/Cart_1', 'shop', 'service', 'Cart_1'],
  ])('%s is %s, %s, %s', (text, namespace, kind, name) => {
    expect(parseResourceId(text)).toEqual({ namespace, kind, name });
  });

  test.each([
    '',
    ':',
    '/',
    'shop:',
    'shop:deployment',
    'shop:deployment/',
    'shop:/cart',
    ':deployment/cart',
    'shop/',
    '/cart',
    'sh.op/cart',
    'shop/ca.rt',
    'shop/a:b',
    'shop:deployment/cart/x',
    'shop:apps/deployment/cart',
    'shop:deploy.ment/cart',
    'a:b:deployment/cart',
    '<all>',
    '<cluster>/x',
    '<other>:namespace/shop',
    'cluster>:namespace/shop',
    ' shop:deployment/cart',
    'shop:deployment/cart ',
    'shop:deployment/cart\n',
    'shop:deployment/cart\nx',
    'shop:deployment/càrt',
    'shop:deployment/../secret',
    'shop:deployment/cart?x',
    'shop:deployment/%63art',
  ])('%j is refused in the words of Flux v1', (text) => {
    expect(refusal(() => parseResourceId(text))).toMatchObject({
      message: `parsing ${text}: invalid service ID`,
      code: 'resource/bad-id',
      fault: 'user',
      help: expect.stringContaining('namespace:kind/name'),
    });
  });

  test('costs nothing on hostile text', () => {
    const took = processorMs(() => {
      for (const text of [
        'a'.repeat(1e6),
        `${'a'.repeat(1e6)}/`,
        `${'a'.repeat(5e5)}:${'b'.repeat(5e5)}/!`,
        `a:b/${':'.repeat(1e6)}!`,
      ]) {
        expect(refusal(() => parseResourceId(text)).code).toBe('resource/bad-id');
        expect(refusal(() => parseResourceIdIn('shop', text)).code).toBe('resource/bad-id');
      }
    });
    expect(took).toBeLessThan(5000);
  });
});

describe('parsing what a person types, in a namespace', () => {
  test.each<[text: string, namespace: string, kind: string, name: string]>([
    ['StatefulSet/Db', 'shop', 'statefulset', 'Db'],
    ['role/system:reader', 'shop', 'role', 'system:reader'],
    ['helmrelease/a.b', 'shop', 'helmrelease', 'a.b'],
    ['other:deployment/cart', 'other', 'deployment', 'cart'],
    ['<cluster>:namespace/x', '<cluster>', 'namespace', 'x'],
  ])('%s is %s, %s, %s', (text, namespace, kind, name) => {
    expect(parseResourceIdIn('shop', text)).toEqual({ namespace, kind, name });
  });

  test.each(['', '/', 'statefulset/', '/db', 'a/b/c', 'sh.op:deployment/cart', 'apps.v1/db', '<all>', 'statefulset/db\n'])(
    '%j is refused',
    (text) => {
      expect(refusal(() => parseResourceIdIn('shop', text))).toMatchObject({
        message: `parsing ${text}: invalid service ID`,
        fault: 'user',
      });
    },
  );
});

describe('writing a resource id', () => {
  test.each([
    [{ namespace: 'shop', kind: 'Deployment', name: 'Cart' }, 'shop:deployment/Cart'],
    [{ namespace: undefined, kind: 'Namespace', name: 'shop' }, '<cluster>:namespace/shop'],
    [{ namespace: '', kind: 'ClusterRole', name: 'system:node' }, '<cluster>:clusterrole/system:node'],
    [{ kind: 'Namespace', name: 'shop' }, `${CLUSTER_SCOPE}:namespace/shop`],
    [{ namespace: CLUSTER_SCOPE, kind: 'namespace', name: 'shop' }, '<cluster>:namespace/shop'],
  ])('%j is %s', (parts, id) => {
    expect(formatResourceId(parts)).toBe(id);
  });

  test('is read back as the same, and in JSON is a plain text', () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
    fc.assert(
      fc.property(
        fc.record({
          namespace: fc.oneof(label, fc.constant(CLUSTER_SCOPE)),
          kind: label.map((kind) => kind.toLowerCase()),
          name: fc.stringMatching(/^[a-zA-Z0-9_.:-]{1,12}$/),
        }),
        (parts) => {
          const id = formatResourceId(parts);
          expect(parseResourceId(id)).toEqual(parts);
          expect(parseResourceIdIn('elsewhere', id)).toEqual(parts);
          expect(JSON.parse(JSON.stringify(id))).toBe(id);
        },
      ),
    );
  });
});
