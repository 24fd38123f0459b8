import type { Drawing } from './drawing.ts';
import type { Layout } from './layout.ts';

const DIRECTIONS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The card to which an arrow key leads from another; undefined where there is none, and for other keys. */
export function nearest(cards: Drawing['cards'], layout: Layout, from: string, key: string): string | undefined {
  const direction = DIRECTIONS[key];
  const start = layout.cards.get(from);
  if (!direction || !start) return undefined;
  const [x, y] = direction;
  let best: { readonly key: string; readonly distance: number } | undefined;
  for (const { card } of cards) {
    const place = layout.cards.get(card.key);
    if (!place || card.key === from) continue;
    const along = (place.x - start.x) * x + (place.y - start.y) * y;
    const across = Math.abs((place.x - start.x) * y) + Math.abs((place.y - start.y) * x);
    // What lies in another direction is nearer to another key.
    if (along <= 0 || across > 2 * along) continue;
    const distance = along + 2 * across;
    if (!best || distance < best.distance) best = { key: card.key, distance };
  }
  return best?.key;
}

/** The card that a person reaches first: the leftmost of the first box. */
export function firstCard(cards: Drawing['cards'], layout: Layout): string | undefined {
  const order = ({ card: { key, group } }: Drawing['cards'][number]) => {
    const [box, place] = [layout.groups.get(group), layout.cards.get(key)];
    return [box?.y ?? 0, box?.x ?? 0, place?.x ?? 0, place?.y ?? 0] as const;
  };
  const [first] = cards.toSorted((a, b) => {
    const [mine, theirs] = [order(a), order(b)];
    return mine.map((value, index) => value - (theirs[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  });
  return first?.card.key;
}
