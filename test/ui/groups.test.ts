import { expect, test } from 'vitest';
import { choices, filtered, groupsOf, kindOf, namespaceOf, type ObjectEntry, placeOf } from '../../ui/objects/groups.ts';
import { NO_FILTER } from '../../ui/shell/route.ts';

const at = (id: string | undefined, place: ObjectEntry['place'], others: Partial<ObjectEntry> = {}): ObjectEntry => ({
  ...(id === undefined ? {} : { id }),
  state: 'synced',
  since: '2026-12-01T00:00:00Z',
  ...(place ? { place } : {}),
  ...others,
});
const CART = at('shop:deployment/cart', { file: 'shop/cart.yaml', document: 0, line: 2 });
const CRD = at('<cluster>:customresourcedefinition/a.b', { file: 'crd.yaml', document: 0, line: 1 });
const BUILT = at('shop:service/web', {
  unit: 'prod',
  file: 'prod',
  document: 0,
  line: 1,
  renderer: 'kustomize',
  origin: { file: 'base/web.yaml' },
});
const HELD = at('shop:configmap/old', undefined, { state: 'held' });
const BROKEN = at(undefined, { file: 'shop/broken.yaml', document: 0, line: 9 }, { state: 'refused' });
const ALL = [CART, CRD, BUILT, HELD, BROKEN];

test('objects are grouped by folder or unit, and what is not in Git by itself', () => {
  expect(groupsOf(ALL).map(({ folder, objects, counts }) => [folder, objects, counts])).toEqual([
    ['', [HELD], { held: 1 }],
    ['/', [CRD], { synced: 1 }],
    ['prod', [BUILT], { synced: 1 }],
    ['shop', [CART, BROKEN], { synced: 1, refused: 1 }],
  ]);
});

test('sources keep their folders apart', () => {
  const [a, b] = [
    { ...CART, source: 'a' },
    { ...CART, source: 'b' },
  ];
  expect(groupsOf([b, a]).map(({ source, objects }) => [source, objects])).toEqual([
    ['a', [a]],
    ['b', [b]],
  ]);
});

test.each([
  [CART, 'shop', 'deployment', 'shop/cart.yaml:2'],
  [CRD, '<cluster>', 'customresourcedefinition', 'crd.yaml:1'],
  [BUILT, 'shop', 'service', 'prod, from base/web.yaml'],
  [HELD, 'shop', 'configmap', ''],
  [BROKEN, '', '', 'shop/broken.yaml:9'],
])('%j has a namespace, a kind and a place', (object, namespace, kind, place) => {
  expect([namespaceOf(object), kindOf(object), placeOf(object)]).toEqual([namespace, kind, place]);
});

test.each([
  [{ text: ' CART ' }, [CART]],
  [{ text: 'broken' }, [BROKEN]],
  [{ text: 'base/web' }, [BUILT]],
  [{ state: 'held' }, [HELD]],
  [{ namespace: '<cluster>' }, [CRD]],
  [{ kind: 'service', namespace: 'shop' }, [BUILT]],
  [{ kind: 'service', state: 'held' }, []],
  [{}, ALL],
])('the filter %j leaves what matches', (filter, left) => {
  expect(filtered(ALL, { ...NO_FILTER, ...filter })).toEqual(left);
});

test('a filter offers what there is', () => {
  expect(choices(ALL, namespaceOf)).toEqual(['<cluster>', 'shop']);
  expect(choices(ALL, ({ state }) => state)).toEqual(['held', 'refused', 'synced']);
});
