import type { Drawing } from './drawing.ts';
import type { Layout } from './layout.ts';

interface Props {
  readonly drawing: Drawing;
  readonly layout: Layout;
  /** The card whose lines stand out. */
  readonly active: string | undefined;
}

/** The lines among the cards, behind them. */
export function Lines({ drawing: { cards, lines }, layout, active }: Props) {
  const sizes = new Map(cards.map(({ card }) => [card.key, card]));
  return (
    <svg class="lines" width={layout.width} height={layout.height} aria-hidden="true">
      {lines.map(({ from, to, type }) => {
        const [start, end] = [boxOf(from), boxOf(to)];
        if (!start || !end) return null;
        const standsOut = active === from || active === to ? ' line-active' : '';
        // Lines across the boxes of others are followed when they are asked for.
        const isFar = sizes.get(from)?.group === sizes.get(to)?.group ? '' : ' line-far';
        return <path key={`${from} ${to} ${type}`} class={`line line-${type}${isFar}${standsOut}`} d={curve(start, end)} />;
      })}
    </svg>
  );

  function boxOf(key: string): Box | undefined {
    const [place, size] = [layout.cards.get(key), sizes.get(key)];
    return place && size && { ...place, width: size.width, height: size.height };
  }
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** From the side of one box to that of another, whichever of them is further left. */
function curve(from: Box, to: Box): string {
  const isForwards = to.x > from.x;
  const [start, end] = isForwards ? [from.x + from.width, to.x] : [from.x, to.x + to.width];
  const bend = Math.max(24, Math.abs(end - start) / 2) * (isForwards ? 1 : -1);
  const [startY, endY] = [from.y + from.height / 2, to.y + to.height / 2];
  return `M${start} ${startY}C${start + bend} ${startY} ${end - bend} ${endY} ${end} ${endY}`;
}
