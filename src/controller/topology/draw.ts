import { yieldTurn } from '../../base/index.ts';
import { countBy } from '../../change/index.ts';
import type { Entry } from './entries.ts';
import { type Counts, STATUSES, type Status, type TopologyNode } from './node.ts';

/** What objects are drawn as: themselves, or several as one node. */
export type Detail = 'objects' | 'kinds' | 'folders';

/** The objects as a forest of sources and folders. */
export interface Drawing {
  readonly detail: Detail;
  readonly nodes: readonly TopologyNode[];
  /** The node that an entry is, or is a part of, by the key of the entry. */
  readonly nodeOf: ReadonlyMap<string, string>;
  /** Number of nodes that are left out, the least troubled first. */
  readonly omitted: number;
}

/** Nodes that a person can look at, and that a browser draws at once. */
export const MAX_NODES = 300;

/** Entries between two turns of the event loop. */
const PER_TURN = 2_000;

/** A node without what follows from the entries in it. */
type Head = Pick<TopologyNode, 'key'> &
  (
    | { readonly type: 'source'; readonly name: string }
    | { readonly type: 'folder'; readonly source: string; readonly name: string }
    | { readonly type: 'kind'; readonly source: string; readonly folder: string; readonly kind: string }
    | { readonly type: 'object'; readonly entry: Entry }
  );

interface Level {
  readonly detail: Detail;
  /** From the source down to what stands for the entry. */
  path(entry: Entry): readonly Head[];
}

const source = ({ source: name }: Entry): Head => ({ type: 'source', key: `source ${name}`, name });
const object = (entry: Entry): Head => ({ type: 'object', key: entry.key, entry });
const folder = ({ source, folder: name }: Entry): Head => ({ type: 'folder', key: `folder ${source} ${name}`, source, name });
const kind = ({ source, folder, kind }: Entry): Head => ({
  type: 'kind',
  key: `kind ${source} ${folder} ${kind}`,
  source,
  folder,
  kind,
});

/** A folder with all below it, from a depth on. */
function foldedTo(depth: number): Level {
  const folded = (entry: Entry) => folder({ ...entry, folder: entry.folder.split('/', depth).join('/') });
  return { detail: 'folders', path: (entry) => [source(entry), folded(entry)] };
}

/** The most detailed first. */
const WHOLE: readonly Level[] = [
  { detail: 'objects', path: (entry) => [source(entry), folder(entry), object(entry)] },
  { detail: 'kinds', path: (entry) => [source(entry), folder(entry), kind(entry)] },
  { detail: 'folders', path: (entry) => [source(entry), folder(entry)] },
];

/** In as much detail as few enough nodes allow. What is below the folder that a person went into is not folded into it again. */
export async function draw(entries: readonly Entry[], within: string): Promise<Drawing> {
  const depth = within === '' ? 0 : within.split('/').length;
  for (const level of [...WHOLE, ...[3, 2, 1].map((below) => foldedTo(depth + below))]) {
    const drawn = await drawAt(level, entries, MAX_NODES);
    if (drawn) return { ...drawn, omitted: 0 };
  }
  const all = await drawAt(foldedTo(depth + 1), entries, Number.POSITIVE_INFINITY);
  return cut(all ?? { detail: 'folders', nodes: [], nodeOf: new Map() });
}

/** Undefined if there would be more than `max` nodes. */
async function drawAt(
  { detail, path }: Level,
  entries: readonly Entry[],
  max: number,
): Promise<Omit<Drawing, 'omitted'> | undefined> {
  const drafts = new Map<string, { readonly head: Head; readonly parent?: string; readonly statuses: Status[] }>();
  const nodeOf = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    if (index > 0 && index % PER_TURN === 0) await yieldTurn();
    let parent: string | undefined;
    for (const head of path(entry)) {
      const draft = drafts.get(head.key) ?? { head, ...(parent === undefined ? {} : { parent }), statuses: [] };
      draft.statuses.push(entry.status);
      drafts.set(head.key, draft);
      parent = head.key;
    }
    if (drafts.size > max) return undefined;
    if (parent !== undefined) nodeOf.set(entry.key, parent);
  }
  const nodes = [...drafts.values()].map(({ head, parent, statuses }) => ({
    ...nodeFor(
      head,
      countBy(statuses, (status) => status),
    ),
    ...(parent === undefined ? {} : { parent }),
  }));
  return { detail, nodes, nodeOf };
}

function nodeFor(head: Head, counts: Counts): TopologyNode {
  if (head.type !== 'object') return { ...head, counts };
  const { source, id, place, state, status, reason } = head.entry;
  return {
    key: head.key,
    type: 'object',
    source,
    state,
    status,
    ...(id === undefined ? {} : { id }),
    ...(place ? { place } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Sources first, then the folders with the worst in them. */
function cut(drawn: Omit<Drawing, 'omitted'>): Drawing {
  const nodes = drawn.nodes.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_NODES);
  const keys = new Set(nodes.map(({ key }) => key));
  return {
    ...drawn,
    nodes,
    nodeOf: new Map([...drawn.nodeOf].filter(([, key]) => keys.has(key))),
    omitted: drawn.nodes.length - nodes.length,
  };
}

function rank(node: TopologyNode): number {
  if (node.type === 'source') return -1;
  return 'counts' in node ? STATUSES.findIndex((status) => node.counts[status] !== undefined) : STATUSES.length;
}
