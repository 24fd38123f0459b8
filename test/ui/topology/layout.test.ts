import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Card, layOut, type Place, type Plan, type Size } from '../../../ui/topology/layout.ts';

const card = (key: string, group = 'g', height = 50): Card => ({ key, group, width: 200, height });
const plan = (parts: Partial<Plan>): Plan => ({
  groups: [{ key: 'g', rank: 0, width: 0 }],
  cards: [],
  lines: [],
  width: 1_000,
  ...parts,
});

/** Any number of cards in a few groups, with lines among them, also in circles and across groups. */
const plans = fc
  .record({
    groups: fc.integer({ min: 1, max: 4 }),
    cards: fc.array(fc.record({ group: fc.nat(3), height: fc.integer({ min: 30, max: 150 }) }), { maxLength: 25 }),
    lines: fc.array(fc.tuple(fc.nat(24), fc.nat(24)), { maxLength: 30 }),
    width: fc.integer({ min: 200, max: 2_000 }),
  })
  .map(({ groups, cards, lines, width }): Plan => {
    const keys = Array.from({ length: groups }, (_, index) => `g${index}`);
    const placed = cards.map(({ group, height }, index) => card(`c${index}`, keys[group % groups] ?? '', height));
    return plan({
      groups: keys.map((key, index) => ({ key, rank: index % 2, width: 100 })),
      cards: placed,
      lines: lines
        .filter(([from, to]) => from < placed.length && to < placed.length && from !== to)
        .map(([from, to]) => ({ from: `c${from}`, to: `c${to}` })),
      width,
    });
  });

const overlaps = (a: Place & Size, b: Place & Size) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const contains = (outer: Place & Size, inner: Place & Size) =>
  outer.x <= inner.x &&
  outer.y <= inner.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

describe('a layout', () => {
  test('has every card in the box of its group, none above another', () => {
    fc.assert(
      fc.property(plans, (given) => {
        const layout = layOut(given);
        const boxes = given.cards.map((each) => {
          const place = layout.cards.get(each.key);
          expect(place).toBeDefined();
          return { ...each, x: place?.x ?? 0, y: place?.y ?? 0 };
        });
        for (const [index, box] of boxes.entries()) {
          const group = layout.groups.get(box.group);
          expect(group && contains(group, box)).toBe(true);
          for (const other of boxes.slice(index + 1)) expect(overlaps(box, other)).toBe(false);
        }
        const groups = [...layout.groups.values()];
        for (const [index, group] of groups.entries()) {
          expect(contains({ x: 0, y: 0, ...layout }, group)).toBe(true);
          for (const other of groups.slice(index + 1)) expect(overlaps(group, other)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('leads from left to right along the lines', () => {
    const { cards } = layOut(
      plan({
        cards: ['a', 'b', 'c'].map((key) => card(key)),
        lines: [
          { from: 'a', to: 'b' },
          { from: 'b', to: 'c' },
        ],
      }),
    );
    const [a, b, c] = ['a', 'b', 'c'].map((key) => cards.get(key)?.x ?? 0);
    expect([a, b, c]).toEqual([a, b, c].toSorted((x = 0, y = 0) => x - y));
    expect(new Set([a, b, c]).size).toBe(3);
  });

  test('begins with the most troubled group', () => {
    const groups = ['calm', 'bad'].map((key, index) => ({ key, rank: 1 - index, width: 0 }));
    const layout = layOut(plan({ groups, cards: [card('a', 'calm', 150), card('b', 'bad')] }));
    expect(layout.groups.get('bad')).toMatchObject({ x: 0, y: 0 });
  });

  test('of nothing is empty', () => {
    expect(layOut(plan({}))).toEqual({ width: 0, height: 0, groups: new Map(), cards: new Map() });
  });
});
