import type { TopologyNodeWire, TopologyWire } from '../../src/api/wire/index.ts';
import { NONE } from '../shell/route.ts';
import { partsOfImage } from '../text/image-name.ts';
import { partsOfId } from '../text/object-id.ts';
import type { Card, Line, Plan } from './layout.ts';
import { rankOf } from './status.ts';

type Link = TopologyWire['links'][number];

/** What is drawn: nodes as cards in the boxes of groups, and lines among them. */
export interface Drawing {
  readonly groups: readonly { readonly key: string; readonly title: string; readonly rank: number }[];
  readonly cards: readonly { readonly node: TopologyNodeWire; readonly card: Card; readonly label: Label }[];
  readonly lines: readonly (Line & { readonly type: string })[];
}

/** What a card says. */
export interface Label {
  readonly name: string;
  readonly detail: string;
}

const CARD_WIDTH = 264;
/** Letters that surely fit in a line, by how large they are. */
const LETTERS = { name: 24, detail: 28, image: 23 };
const LINE = 20;
const TITLE_LETTER = 8.5;

export function drawingOf({ nodes, links }: TopologyWire): Drawing {
  const hasSources = nodes.filter(({ type }) => type === 'source').length > 1;
  const parents = new Set(nodes.flatMap(({ parent }) => parent ?? []));
  const isGroup = (node: TopologyNodeWire) => node.type === 'source' || (node.type === 'folder' && parents.has(node.key));
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const groupOf = (key: string): string => {
    const node = byKey.get(key);
    if (!node) return '';
    if (isGroup(node)) return node.key;
    // What is used and not in Git stands beside what uses it.
    const above = node.type === 'outside' ? links.find(({ to }) => to === key)?.from : node.parent;
    return above === undefined || above === key ? '' : groupOf(above);
  };
  const cards = nodes
    .filter((node) => !isGroup(node))
    .map((node) => {
      const label = labelOf(node);
      return { node, label, card: { key: node.key, group: groupOf(node.key), width: CARD_WIDTH, height: heightOf(node, label) } };
    });
  const drawn = new Set(cards.map(({ card }) => card.key));
  const owns = nodes.flatMap(({ key, parent }) =>
    parent !== undefined && drawn.has(parent) && drawn.has(key) ? [{ from: parent, to: key, type: 'owns' }] : [],
  );
  return {
    groups: nodes.filter(isGroup).map((node) => ({ key: node.key, title: titleOf(node, hasSources), rank: rankOf(node) })),
    cards,
    lines: [...owns, ...links.filter(({ from, to }: Link) => drawn.has(from) && drawn.has(to))],
  };
}

export function planOf({ groups, cards, lines }: Drawing, width: number): Plan {
  return {
    groups: groups.map(({ key, rank, title }) => ({ key, rank, width: Math.min(title.length * TITLE_LETTER, CARD_WIDTH * 2) })),
    cards: cards.map(({ card }) => card),
    lines,
    width,
  };
}

export function labelOf(node: TopologyNodeWire): Label {
  switch (node.type) {
    case 'source':
      return { name: node.name, detail: 'source' };
    case 'folder':
      return { name: folderName(node.name), detail: '' };
    case 'kind':
      return { name: node.kind === '' ? 'unnamed documents' : node.kind, detail: '' };
    case 'object':
      return node.id === undefined
        ? { name: node.place?.file ?? node.place?.unit ?? '', detail: 'a document without a name' }
        : labelOfId(node.id);
    case 'outside':
      return { ...labelOfId(node.id), detail: `${labelOfId(node.id).detail}, not in Git` };
    case 'owned':
      return { name: node.name, detail: `${node.kind.toLowerCase()}, ${node.text}` };
  }
}

/** A folder as people name it. */
export function folderName(name: string): string {
  return name === '' || name === NONE ? 'Not in Git' : name === '.' ? '/' : name;
}

function titleOf(node: TopologyNodeWire, hasSources: boolean): string {
  if (node.type !== 'folder') return labelOf(node).name;
  return hasSources ? `${node.source}: ${folderName(node.name)}` : folderName(node.name);
}

function labelOfId(id: string): Label {
  const { namespace, kind, name } = partsOfId(id);
  return { name, detail: namespace === '<cluster>' ? kind : `${kind} in ${namespace}` };
}

function heightOf(node: TopologyNodeWire, { name, detail }: Label): number {
  const lines = linesOf(name, LETTERS.name) + linesOf(detail, LETTERS.detail);
  const containers = node.type === 'owned' ? (node.containers ?? []) : [];
  const counts = 'counts' in node ? 1 + Math.floor(Object.keys(node.counts).length / 3) : 0;
  const pods = node.type === 'object' && node.pods ? 1 : 0;
  const images = containers.reduce((sum, { image }) => sum + linesOfParts(partsOfImage(image), LETTERS.image), 0);
  return 18 + LINE * (lines + counts + pods + images);
}

function linesOf(text: string, letters: number): number {
  return Math.ceil(text.length / letters);
}

/** As a browser breaks them: between two parts where it can, and in one that is longer than a line. */
function linesOfParts(parts: readonly string[], letters: number): number {
  let [lines, left] = [0, 0];
  for (const { length } of parts) {
    if (length > left) {
      lines += Math.ceil(length / letters);
      left = letters * Math.ceil(length / letters);
    }
    left -= length;
  }
  return lines;
}
