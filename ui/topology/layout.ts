import { Graph, layout as layOutRanks } from '@dagrejs/dagre';

/** Something to be placed, in pixels, in the box of a group. */
export interface Card {
  readonly key: string;
  readonly group: string;
  readonly width: number;
  readonly height: number;
}

/** From one card to another, by their keys. */
export interface Line {
  readonly from: string;
  readonly to: string;
}

export interface Plan {
  /** In the order of `rank`, each with at least the width of its title. */
  readonly groups: readonly { readonly key: string; readonly rank: number; readonly width: number }[];
  readonly cards: readonly Card[];
  readonly lines: readonly Line[];
  /** What there is room for without scrolling. */
  readonly width: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where everything is, by key. */
export interface Layout extends Size {
  readonly groups: ReadonlyMap<string, Place & Size>;
  readonly cards: ReadonlyMap<string, Place>;
}

const GAP = 14;
const RANK_GAP = 44;
const PADDING = 14;
const TITLE = 34;
/** Width of the content of a box in relation to its height, about. */
const SHAPE = 1.6;

/**
 * Cards that are connected are laid out in ranks, from left to right; what is not connected is packed. Each group is a box of its own, so
 * that many small drawings are made instead of a large one, and a change in one leaves the others as they are.
 */
export function layOut({ groups, cards, lines, width }: Plan): Layout {
  const byGroup = Map.groupBy(cards, ({ group }) => group);
  const places = new Map<string, Place>();
  const boxes = groups.flatMap(({ key, rank, width: titleWidth }) => {
    const parts = partsOf(byGroup.get(key) ?? [], lines).map(ranked);
    if (parts.length === 0) return [];
    const area = parts.reduce((sum, part) => sum + (part.width + GAP) * (part.height + GAP), 0);
    const room = Math.min(Math.sqrt(area * SHAPE), width - 2 * PADDING);
    const packed = pack(parts.toSorted(byHeight), Math.max(room, ...parts.map((part) => part.width)));
    return [
      { key, rank, ...packed, width: Math.max(packed.width, titleWidth) + 2 * PADDING, height: packed.height + TITLE + PADDING },
    ];
  });
  const all = pack(
    boxes.toSorted((a, b) => a.rank - b.rank || byHeight(a, b)),
    width,
  );
  const boxPlaces = new Map<string, Place & Size>();
  for (const { item, x, y } of all.items) {
    boxPlaces.set(item.key, { x, y, width: item.width, height: item.height });
    for (const { item: part, x: partX, y: partY } of item.items)
      for (const [key, place] of part.places)
        places.set(key, { x: x + PADDING + partX + place.x, y: y + TITLE + partY + place.y });
  }
  return { width: all.width, height: all.height, groups: boxPlaces, cards: places };
}

interface Part {
  readonly cards: readonly Card[];
  readonly lines: readonly Line[];
}

/** The cards of a group, apart where no line connects them. */
function partsOf(cards: readonly Card[], lines: readonly Line[]): readonly Part[] {
  const root = new Map(cards.map(({ key }) => [key, key]));
  const rootOf = (key: string): string => {
    let at = key;
    for (let above = root.get(at); above !== undefined && above !== at; above = root.get(at)) at = above;
    return at;
  };
  const own = lines.filter(({ from, to }) => root.has(from) && root.has(to));
  for (const { from, to } of own) root.set(rootOf(from), rootOf(to));
  const linesOf = Map.groupBy(own, ({ from }) => rootOf(from));
  return [...Map.groupBy(cards, ({ key }) => rootOf(key))].map(([key, cards]) => ({ cards, lines: linesOf.get(key) ?? [] }));
}

interface Ranked extends Size {
  readonly places: ReadonlyMap<string, Place>;
}

function ranked({ cards, lines }: Part): Ranked {
  const [only] = cards;
  if (only && cards.length === 1)
    return { width: only.width, height: only.height, places: new Map([[only.key, { x: 0, y: 0 }]]) };
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: 'LR', nodesep: GAP, ranksep: RANK_GAP, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { key, width, height } of cards) graph.setNode(key, { width, height });
  for (const { from, to } of lines) graph.setEdge(from, to);
  layOutRanks(graph);
  const places = new Map<string, Place>();
  let [width, height] = [0, 0];
  for (const card of cards) {
    const centre = graph.node(card.key);
    const place = { x: centre.x - card.width / 2, y: centre.y - card.height / 2 };
    places.set(card.key, place);
    width = Math.max(width, place.x + card.width);
    height = Math.max(height, place.y + card.height);
  }
  return { width, height, places };
}

/** The tallest first, so that what shares a row is about as tall. */
function byHeight(a: Size, b: Size): number {
  return b.height - a.height;
}

interface Packed<Item> extends Size {
  readonly items: readonly (Place & { readonly item: Item })[];
}

/** Places boxes in rows, each as tall as its tallest box. */
function pack<Item extends Size>(boxes: readonly Item[], room: number): Packed<Item> {
  const rows: { y: number; height: number; x: number }[] = [];
  const items: (Place & { readonly item: Item })[] = [];
  let width = 0;
  for (const item of boxes) {
    let row = rows.at(-1);
    if (!row || row.x + item.width > room) {
      row = { y: row ? row.y + row.height + GAP : 0, height: item.height, x: 0 };
      rows.push(row);
    }
    items.push({ item, x: row.x, y: row.y });
    row.height = Math.max(row.height, item.height);
    row.x += item.width + GAP;
    width = Math.max(width, row.x - GAP);
  }
  const last = rows.at(-1);
  return { items, width, height: last ? last.y + last.height : 0 };
}
