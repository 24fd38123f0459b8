import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TopologyNodeWire, TopologyWire } from '../../src/api/wire/index.ts';
import { Notice } from '../shell/notice.tsx';
import { NodeCard } from './card.tsx';
import { type Drawing, drawingOf, planOf } from './drawing.ts';
import { layOutBeside } from './lay-out-beside.ts';
import type { Layout } from './layout.ts';
import { Lines } from './lines.tsx';
import { firstCard, nearest } from './nearest.ts';
import { useGrowing } from './use-growing.ts';
import { usePan } from './use-pan.ts';

interface Props {
  readonly topology: TopologyWire;
  readonly hrefFor: (node: TopologyNodeWire) => string | undefined;
}

interface Drawn {
  readonly drawing: Drawing;
  readonly layout: Layout;
}

const ZOOMS = [0.4, 0.55, 0.75, 1, 1.3];
/** Smaller text is not readable any more. */
const SMALLEST = 1;

export function Graph({ topology, hrefFor }: Props) {
  const frame = useRef<HTMLElement>(null);
  const [room, setRoom] = useState<number | undefined>();
  const drawn = useLayout(topology, room);
  const [chosen, setZoom] = useState<number | undefined>();
  const [active, setActive] = useState<string | undefined>();
  usePan(frame);
  useEffect(() => setRoom(frame.current?.clientWidth), []);
  if (drawn === 'failed')
    return (
      <Notice title="This browser cannot lay out the graph" isUrgent>
        <p>The tree shows the same.</p>
      </Notice>
    );
  const zoom = chosen ?? fitting(drawn?.layout.width ?? 0, room ?? 0);
  return (
    <section class="graph" aria-label="Graph">
      <p class="graph-tools">
        <button type="button" aria-label="Smaller" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)}>
          −
        </button>
        <button type="button" aria-label="Larger" disabled={zoom === ZOOMS.length - 1} onClick={() => setZoom(zoom + 1)}>
          +
        </button>
        <span class="hint">Arrow keys go from node to node; Enter opens one.</span>
      </p>
      <section class="graph-frame" ref={frame}>
        {drawn && <Plane {...drawn} zoom={ZOOMS[zoom] ?? 1} active={active} onActive={setActive} hrefFor={hrefFor} />}
      </section>
    </section>
  );
}

/** The largest zoom up to the natural size at which all of the width is seen. */
function fitting(width: number, room: number): number {
  const fits = ZOOMS.findLastIndex((zoom) => zoom <= 1 && width * zoom <= room);
  return Math.max(fits, SMALLEST);
}

interface PlaneProps extends Drawn {
  readonly zoom: number;
  readonly active: string | undefined;
  readonly onActive: (key: string) => void;
  readonly hrefFor: Props['hrefFor'];
}

function Plane({ drawing, layout, zoom, active, onActive, hrefFor }: PlaneProps) {
  const [current, setCurrent] = useState<string | undefined>();
  const first = useMemo(() => firstCard(drawing.cards, layout), [drawing, layout]);
  const shown = useGrowing(drawing.cards.length);
  const onKeyDown = (event: KeyboardEvent) => {
    const from = event.target instanceof HTMLElement ? event.target.dataset.key : undefined;
    const to = from === undefined ? undefined : nearest(drawing.cards, layout, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    const cards = (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[data-key]');
    [...cards].find(({ dataset }) => dataset.key === to)?.focus();
  };
  const isKnown = current !== undefined && layout.cards.has(current);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the links in it have the focus
    <div class="plane" style={{ width: `${layout.width}px`, height: `${layout.height}px`, zoom }} onKeyDown={onKeyDown}>
      {drawing.groups.map(({ key, title }) => {
        const place = layout.groups.get(key);
        return (
          place && (
            <section key={key} class="graph-group" style={pixels(place)}>
              <h2>{title}</h2>
            </section>
          )
        );
      })}
      <Lines drawing={drawing} layout={layout} active={active} />
      {drawing.cards.slice(0, shown).map(({ node, card, label }) => {
        const place = layout.cards.get(card.key);
        return (
          place && (
            <NodeCard
              key={card.key}
              node={node}
              label={label}
              href={hrefFor(node)}
              style={pixels({ ...place, width: card.width, height: card.height })}
              tabIndex={card.key === (isKnown ? current : first) ? 0 : -1}
              onFocus={() => {
                setCurrent(card.key);
                onActive(card.key);
              }}
              onMouseEnter={() => onActive(card.key)}
            />
          )
        );
      })}
    </div>
  );
}

function pixels({ x, y, width, height }: { readonly [Key in 'x' | 'y' | 'width' | 'height']: number }) {
  return { left: `${x}px`, top: `${y}px`, width: `${width}px`, 'min-height': `${height}px` };
}

/** The last layout stays until the next is there. */
function useLayout(topology: TopologyWire, room: number | undefined): Drawn | 'failed' | undefined {
  const [drawn, setDrawn] = useState<Drawn | 'failed' | undefined>();
  const drawing = useMemo(() => drawingOf(topology), [topology]);
  useEffect(() => {
    if (room === undefined) return;
    let isOver = false;
    layOutBeside(planOf(drawing, room)).then(
      (layout) => isOver || setDrawn({ drawing, layout }),
      () => isOver || setDrawn('failed'),
    );
    return () => {
      isOver = true;
    };
  }, [drawing, room]);
  return drawn;
}
