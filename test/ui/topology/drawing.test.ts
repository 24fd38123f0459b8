import { describe, expect, test } from 'vitest';
import type { TopologyNodeWire, TopologyWire } from '../../../src/api/wire/index.ts';
import { WHOLE_TOPOLOGY } from '../../../ui/shell/route.ts';
import { drawingOf } from '../../../ui/topology/drawing.ts';
import type { Layout } from '../../../ui/topology/layout.ts';
import { createHrefs } from '../../../ui/topology/links.ts';
import { firstCard, nearest } from '../../../ui/topology/nearest.ts';
import { rowAfter, rowsOf } from '../../../ui/topology/tree-rows.ts';

const SOURCE: TopologyNodeWire = { type: 'source', key: 's', name: 'default', counts: { failed: 1, ok: 1 } };
const folder = (name: string, counts: Readonly<Record<string, number>> = { ok: 1 }): TopologyNodeWire => ({
  type: 'folder',
  key: `f ${name}`,
  parent: 's',
  source: 'default',
  name,
  counts,
});
const object = (id: string, parent: string, status = 'ok'): TopologyNodeWire => ({
  type: 'object',
  key: id,
  parent,
  source: 'default',
  id,
  state: 'synced',
  status,
});
const POD: TopologyNodeWire = {
  type: 'owned',
  key: 'pod',
  parent: 'shop:deployment/cart',
  kind: 'Pod',
  namespace: 'shop',
  name: 'cart-1',
  status: 'ok',
  text: 'ready',
};
const OUTSIDE: TopologyNodeWire = { type: 'outside', key: 'out', id: 'shop:secret/db' };

const topology = (nodes: readonly TopologyNodeWire[], links: TopologyWire['links'] = []): TopologyWire => ({
  detail: 'pods',
  nodes: [...nodes],
  links,
  objects: 1,
  omitted: 0,
  unread: [],
  namespaces: [],
  kinds: [],
});
const SHOP = topology(
  [
    SOURCE,
    folder('shop'),
    object('shop:deployment/cart', 'f shop', 'failed'),
    POD,
    OUTSIDE,
    folder('blog'),
    object('blog:job/x', 'f blog'),
  ],
  [{ from: 'shop:deployment/cart', to: 'out', type: 'uses' }],
);

describe('a drawing', () => {
  test('has folders as boxes, and in them objects with what they own and use', () => {
    const { groups, cards, lines } = drawingOf(SHOP);
    expect(groups.map(({ title }) => title)).toEqual(['default', 'shop', 'blog']);
    expect(cards.map(({ card, label }) => [card.group, label.name, label.detail])).toEqual([
      ['f shop', 'cart', 'deployment in shop'],
      ['f shop', 'cart-1', 'pod, ready'],
      ['f shop', 'db', 'secret in shop, not in Git'],
      ['f blog', 'x', 'job in blog'],
    ]);
    expect(lines).toEqual([
      { from: 'shop:deployment/cart', to: 'pod', type: 'owns' },
      { from: 'shop:deployment/cart', to: 'out', type: 'uses' },
    ]);
  });

  test('has folders as cards where they are all that is drawn', () => {
    const { groups, cards } = drawingOf(topology([SOURCE, folder('.'), folder('')]));
    expect(groups.map(({ title }) => title)).toEqual(['default']);
    expect(cards.map(({ label }) => label.name)).toEqual(['/', 'Not in Git']);
  });

  test('has room for a long name', () => {
    const [short, long] = ['x', 'x'.repeat(200)].map(
      (name) => drawingOf(topology([SOURCE, folder('a'), object(`a:b/${name}`, 'f a')])).cards[0]?.card.height ?? 0,
    );
    expect(long).toBeGreaterThan((short ?? 0) + 100);
  });
});

test('a node leads to its object, or into its group', () => {
  const hrefFor = createHrefs(SHOP, { ...WHOLE_TOPOLOGY, status: 'failed' }, 'graph');
  expect(SHOP.nodes.map(hrefFor)).toEqual([
    undefined,
    '#/topology?folder=shop&status=failed',
    '#/objects/shop%3Adeployment%2Fcart',
    '#/objects/shop%3Adeployment%2Fcart',
    '#/objects/shop%3Asecret%2Fdb',
    '#/topology?folder=blog&status=failed',
    '#/objects/blog%3Ajob%2Fx',
  ]);
});

describe('the tree', () => {
  const names = (toggled: readonly string[] = []) => rowsOf(SHOP, new Set(toggled)).map(({ node }) => node.key);

  test('has folders by name, each with its objects, and closes them', () => {
    expect(names()).toEqual(['s', 'f blog', 'blog:job/x', 'f shop', 'shop:deployment/cart', 'pod', 'out']);
    expect(names(['f shop', 'f blog'])).toEqual(['s', 'f blog', 'f shop', 'out']);
  });

  test('says what each uses', () => {
    const row = rowsOf(SHOP, new Set()).find(({ node }) => node.key === 'shop:deployment/cart');
    expect(row).toMatchObject({ level: 3, isOpen: true, uses: [{ type: 'uses', names: ['shop:secret/db'] }] });
  });

  test('begins closed where it is large', () => {
    const many = Array.from({ length: 120 }, (_, index) => object(`a:b/${index}`, 'f a'));
    expect(rowsOf(topology([SOURCE, folder('a'), ...many]), new Set())).toHaveLength(2);
  });

  test.each([
    ['ArrowDown', 'f shop', 'shop:deployment/cart'],
    ['ArrowUp', 'f shop', 'blog:job/x'],
    ['ArrowRight', 'f shop', 'shop:deployment/cart'],
    ['ArrowLeft', 'f shop', 'toggle'],
    ['ArrowLeft', 'pod', 'shop:deployment/cart'],
    ['ArrowLeft', 'blog:job/x', 'f blog'],
    ['ArrowRight', 'blog:job/x', undefined],
    ['Home', 'pod', 's'],
    ['End', 's', 'out'],
    ['ArrowUp', 's', undefined],
    ['Enter', 'pod', 'open'],
    ['x', 'pod', undefined],
  ])('goes by %s from %s to %s', (key, from, to) => {
    const rows = rowsOf(SHOP, new Set());
    const at = rows.find(({ node }) => node.key === from);
    const next = at && rowAfter(rows, at, key);
    expect(typeof next === 'object' ? next.node.key : next).toBe(to);
  });

  test('opens what is closed by the right arrow', () => {
    const rows = rowsOf(SHOP, new Set(['f shop']));
    const at = rows.find(({ node }) => node.key === 'f shop');
    expect(at && rowAfter(rows, at, 'ArrowRight')).toBe('toggle');
  });
});

test('arrow keys lead to the nearest card in their direction', () => {
  const { cards } = drawingOf(SHOP);
  const places = { 'shop:deployment/cart': [0, 0], pod: [300, 10], out: [300, 90], 'blog:job/x': [10, 400] } as const;
  const layout: Layout = {
    width: 0,
    height: 0,
    groups: new Map(),
    cards: new Map(Object.entries(places).map(([key, [x, y]]) => [key, { x, y }])),
  };
  const from = (key: string, arrow: string) => nearest(cards, layout, key, arrow);
  expect(from('shop:deployment/cart', 'ArrowRight')).toBe('pod');
  expect(from('shop:deployment/cart', 'ArrowDown')).toBe('blog:job/x');
  expect(from('pod', 'ArrowDown')).toBe('out');
  expect(from('pod', 'ArrowLeft')).toBe('shop:deployment/cart');
  expect(from('shop:deployment/cart', 'ArrowUp')).toBeUndefined();
  expect(from('shop:deployment/cart', 'Enter')).toBeUndefined();
  expect(firstCard(cards, layout)).toBe('shop:deployment/cart');
});
