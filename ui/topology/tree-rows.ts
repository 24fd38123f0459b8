import type { TopologyNodeWire, TopologyWire } from '../../src/api/wire/index.ts';
import { labelOf } from './drawing.ts';

/** A node of the tree that is not hidden in a closed one. */
export interface Row {
  readonly node: TopologyNodeWire;
  /** From 1. */
  readonly level: number;
  /** Absent where nothing is below it. */
  readonly isOpen?: boolean;
  /** What it is linked to, by the type of the link. */
  readonly uses: readonly { readonly type: string; readonly names: readonly string[] }[];
}

/** More nodes than this begin closed, except the sources. */
const SHOWN_OPEN = 100;

/** The rows in the order in which they stand; `toggled` are the nodes that a person opened or closed. */
export function rowsOf({ nodes, links }: TopologyWire, toggled: ReadonlySet<string>): readonly Row[] {
  const below = Map.groupBy(nodes, ({ parent }) => parent);
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const linksOf = Map.groupBy(links, ({ from }) => from);
  const rowsBelow = (parent: string | undefined, level: number): readonly Row[] =>
    inOrder(below.get(parent) ?? []).flatMap((node) => {
      const types = Map.groupBy(linksOf.get(node.key) ?? [], ({ type }) => type);
      const uses = [...types].map(([type, own]) => ({
        type,
        names: own.flatMap(({ to }) => {
          const used = byKey.get(to);
          return used ? [nameOf(used)] : [];
        }),
      }));
      if (!below.has(node.key)) return [{ node, level, uses }];
      const isOpen = (node.type === 'source' || nodes.length <= SHOWN_OPEN) !== toggled.has(node.key);
      return [{ node, level, uses, isOpen }, ...(isOpen ? rowsBelow(node.key, level + 1) : [])];
    });
  return rowsBelow(undefined, 1);
}

/** Folders by name, and last what is in none. */
function inOrder(nodes: readonly TopologyNodeWire[]): readonly TopologyNodeWire[] {
  const key = (node: TopologyNodeWire) => (node.type === 'folder' ? `${node.name === ''} ${node.name}` : '');
  return nodes.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function nameOf(node: TopologyNodeWire): string {
  if ('id' in node && node.id !== undefined) return node.id;
  return labelOf(node).name;
}

/** What a key does in a tree (WAI-ARIA): goes to a row, opens or closes this one, or opens what it stands for. */
export function rowAfter(rows: readonly Row[], at: Row, key: string): Row | 'toggle' | 'open' | undefined {
  const index = rows.indexOf(at);
  switch (key) {
    case 'ArrowDown':
      return rows[index + 1];
    case 'ArrowUp':
      return rows[index - 1];
    case 'Home':
      return rows[0];
    case 'End':
      return rows.at(-1);
    case 'ArrowRight':
      return at.isOpen === false ? 'toggle' : at.isOpen ? rows[index + 1] : undefined;
    case 'ArrowLeft':
      return at.isOpen ? 'toggle' : rows.slice(0, index).findLast(({ level }) => level < at.level);
    case 'Enter':
      return 'open';
    default:
      return undefined;
  }
}
