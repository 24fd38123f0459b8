import { describe, expect, test } from 'vitest';
import { formatResourceId, parseResourceId, parseResourceIdIn } from '../../src/resource/index.ts';
import { planUpdate } from '../../src/update/index.ts';
import { contextOf, workload } from '../update/world.ts';

describe('a resource id', () => {
  test.each<[id: string, text: string, parts: readonly [namespace: string, kind: string, name: string], printed: string]>([
    ['ID-1 in full', 'shop:deployment/cart', ['shop', 'deployment', 'cart'], 'shop:deployment/cart'],
    [
      'ID-4 with colons in the name',
      'shop:role/system:reader:all',
      ['shop', 'role', 'system:reader:all'],
      'shop:role/system:reader:all',
    ],
    ['ID-5 with all characters allowed', 'sh-op:k_d/a_b:c.d-e', ['sh-op', 'k_d', 'a_b:c.d-e'], 'sh-op:k_d/a_b:c.d-e'],
    ['ID-10 has its kind in lower case', 'shop:Deployment/Cart', ['shop', 'deployment', 'Cart'], 'shop:deployment/Cart'],
    ['ID-2 in the oldest form is of a service', 'shop/cart', ['shop', 'service', 'cart'], 'shop:service/cart'],
  ])('%s', (_id, text, [namespace, kind, name], printed) => {
    expect(parseResourceId(text)).toEqual({ namespace, kind, name });
    expect(formatResourceId({ namespace, kind, name })).toBe(printed);
  });

  test('ID-11 without namespace is in the one that goes without saying', () => {
    expect(formatResourceId(parseResourceIdIn('shop', 'statefulset/db'))).toBe('shop:statefulset/db');
  });

  test.each([
    ['ID-7 a name alone', () => parseResourceId('cart'), 'parsing cart: invalid service ID'],
    [
      'ID-8 a dot in the namespace',
      () => parseResourceId('sh.op:deployment/cart'),
      'parsing sh.op:deployment/cart: invalid service ID',
    ],
    ['ID-13 a name alone, even in a namespace', () => parseResourceIdIn('shop', 'db'), 'parsing db: invalid service ID'],
  ])('%s is refused', (_id, parse, message) => {
    expect(parse).toThrow(expect.objectContaining({ message, fault: 'user' }));
  });
});

describe('the image of a release', () => {
  const web = workload('Deployment', 'web', { containers: [['web', 'web:6']] });
  const ID = 'default:deployment/web';
  const release = (ServiceSpecs: readonly string[], ImageSpec: string) =>
    planUpdate(
      {
        type: 'image',
        cause: { Message: '', User: '' },
        spec: { ServiceSpecs, ImageSpec, Kind: 'plan', Excludes: null, Force: false },
      },
      contextOf({
        files: { 'web.yaml': web.text },
        manifests: { [ID]: { file: 'web.yaml', object: web.object } },
        running: [ID],
        registry: { 'index.docker.io/library/web': { '6': { createdAt: 6 }, '7': { createdAt: 7 } } },
      }),
    );

  test.each([
    ['ID-19 is the one named', 'web:7'],
    ['ID-22 is the newest of each', '<all latest>'],
  ])('%s', async (_id, image) => {
    expect((await release(['<all>'], image)).changedImages).toEqual(['web:7']);
  });

  test.each([
    ['ID-20 without a name', ':7', 'expected image name as either'],
    ['ID-20 with an empty tag', 'web:', 'expected image name as either'],
    ['ID-23 by another word in brackets', '<something else>', 'blank tag'],
  ])('%s is refused', async (_id, image, message) => {
    await expect(release(['<all>'], image)).rejects.toThrow(message);
  });

  test('ID-16, ID-17 is for all workloads by one word only', async () => {
    expect((await release(['<all>'], 'web:7')).result[ID]?.Status).toBe('success');
    await expect(release(['nonsense'], 'web:7')).rejects.toThrow('parsing nonsense: invalid service ID');
  });
});
