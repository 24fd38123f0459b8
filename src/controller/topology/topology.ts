import { asFluxError, yieldTurn } from '../../base/index.ts';
import type { OwnedInNamespace, ResourceId } from '../../resource/index.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { knownHealth } from '../daemon/known-health.ts';
import { adjacencyOf } from './adjacency.ts';
import { type Detail, draw, MAX_NODES } from './draw.ts';
import { type Entry, type EntryFilter, entriesOf, isWanted } from './entries.ts';
import { linksOf } from './links.ts';
import { neighboursOf, relationsFrom } from './neighbours.ts';
import type { TopologyLink, TopologyNode } from './node.ts';
import { type Owned, OwnedTree } from './owned-nodes.ts';
import type { Relation } from './relations.ts';

/** What is looked at: the objects that a filter lets through, or one object with what is around it. */
export type TopologyQuestion =
  | { readonly about: 'objects'; readonly filter: EntryFilter }
  | { readonly about: 'object'; readonly id: ResourceId };

/** What runs, from the repositories to the pods: a forest of nodes by their parents, and links across it. */
export interface Topology {
  /** `pods` if what objects own is drawn, too. */
  readonly detail: Detail | 'pods';
  readonly nodes: readonly TopologyNode[];
  readonly links: readonly TopologyLink[];
  /** Number of objects that are drawn, as themselves or as a part of a node. */
  readonly objects: number;
  /** Number of nodes that are left out. */
  readonly omitted: number;
  /** What could not be read, or not all of it, with why. */
  readonly unread: readonly Unread[];
  /** The namespaces and kinds of all objects, for filters. */
  readonly namespaces: readonly string[];
  readonly kinds: readonly string[];
}

/** `pods in shop`, and why they are not drawn. */
export interface Unread {
  readonly what: string;
  readonly reason: string;
}

/** Kinds of objects that own pods, directly or not. */
const OWNERS: ReadonlySet<string> = new Set([
  'cloneset',
  'cronjob',
  'daemonset',
  'deployment',
  'job',
  'replicaset',
  'rollout',
  'statefulset',
]);

/** Namespaces whose pods are read for one look. */
const MAX_NAMESPACES = 10;
const PER_TURN = 2_000;

/**
 * Draws the objects of all sources. Pods are read only if there are few enough objects to draw each. What cannot be read is part of the
 * result.
 */
export async function topologyOf(daemon: Daemon, question: TopologyQuestion): Promise<Topology> {
  const unread: Unread[] = [];
  const [all, relations] = await Promise.all([
    allEntries(daemon, unread),
    daemon.relations().catch(leftOut('what objects use', [], unread)),
  ]);
  const byId = new Map<ResourceId, Entry>();
  for (const entry of all) if (entry.id !== undefined && !byId.has(entry.id)) byId.set(entry.id, entry);
  const { wanted, within, among } = await lookedAt(question, { all, byId, relations });
  const drawing = await draw(wanted, within);
  const isWhole = drawing.detail === 'objects';
  const owned = isWhole ? await ownedBy(wanted, daemon, unread) : new Map<string, Owned>();
  const { links, outside } = await linksOf(among, { drawing, byId, room: isWhole ? MAX_NODES - drawing.nodes.length : 0 });
  const below = [...owned.values()].flatMap(({ nodes }) => nodes);
  const hasRoom = drawing.nodes.length + outside.length + below.length <= MAX_NODES;
  const nodes = drawing.nodes.map((node) => {
    const pods = owned.get(node.key)?.pods;
    return node.type === 'object' && pods ? { ...node, pods } : node;
  });
  return {
    detail: isWhole && hasRoom ? 'pods' : drawing.detail,
    nodes: [...nodes, ...outside, ...(hasRoom ? below : [])],
    links,
    objects: wanted.length,
    omitted: drawing.omitted,
    unread,
    ...choicesOf(all),
  };
}

async function allEntries(daemon: Daemon, unread: Unread[]): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const name of daemon.sources) {
    const one = daemon.of(name);
    const health = await knownHealth(one).catch(leftOut('the health of objects', undefined, unread));
    for (const entry of entriesOf(name, one.objects().objects, health)) {
      entries.push(entry);
      if (entries.length % PER_TURN === 0) await yieldTurn();
    }
  }
  return entries;
}

interface LookedAt {
  readonly wanted: readonly Entry[];
  /** The folder that a person went into. */
  readonly within: string;
  /** All relations of what is wanted, and maybe others. */
  readonly among: readonly Relation[];
}

async function lookedAt(
  question: TopologyQuestion,
  {
    all,
    byId,
    relations,
  }: {
    readonly all: readonly Entry[];
    readonly byId: ReadonlyMap<ResourceId, Entry>;
    readonly relations: readonly Relation[];
  },
): Promise<LookedAt> {
  if (question.about === 'objects') {
    const { filter } = question;
    return { wanted: all.filter((entry) => isWanted(entry, filter)), within: filter.folder, among: relations };
  }
  const adjacency = await adjacencyOf(relations);
  const ids = neighboursOf(question.id, adjacency);
  return { wanted: ids.flatMap((id) => byId.get(id) ?? []), within: '', among: relationsFrom(ids, adjacency) };
}

/** What each object owns, by the key of its entry. A namespace that cannot be read leaves the others alone. */
async function ownedBy(entries: readonly Entry[], daemon: Daemon, unread: Unread[]): Promise<ReadonlyMap<string, Owned>> {
  const owners = Map.groupBy(
    entries.filter(({ kind }) => OWNERS.has(kind)),
    ({ namespace }) => namespace,
  );
  if (owners.size > MAX_NAMESPACES) {
    const reason = `pods of at most ${MAX_NAMESPACES} namespaces are read at once`;
    unread.push({ what: 'pods', reason });
    return new Map();
  }
  const owned = await Promise.all(
    [...owners].map(async ([namespace, own]) => {
      const what = `pods in ${namespace}`;
      const question = { namespace, withJobs: own.some(({ kind }) => kind === 'cronjob') };
      const found = await daemon.owned(question).catch(leftOut(what, NOTHING_OWNED, unread));
      if (found.isCut) unread.push({ what, reason: 'there are more than are read at once' });
      const tree = new OwnedTree(namespace, found);
      return own.flatMap((entry) => {
        const below = tree.of(entry);
        return below ? [[entry.key, below] as const] : [];
      });
    }),
  );
  return new Map(owned.flat());
}

const NOTHING_OWNED: OwnedInNamespace = { objects: [], uids: new Map(), isCut: false };

/** Says that something could not be read, and goes on with something else. */
function leftOut<T>(what: string, instead: T, unread: Unread[]): (error: unknown) => T {
  return (thrown) => {
    unread.push({ what, reason: asFluxError(thrown, { code: 'topology/unread' }).message });
    return instead;
  };
}

function choicesOf(entries: readonly Entry[]): Pick<Topology, 'namespaces' | 'kinds'> {
  const distinct = (of: (entry: Entry) => string) => [...new Set(entries.map(of))].filter((value) => value !== '').sort();
  return { namespaces: distinct(({ namespace }) => namespace), kinds: distinct(({ kind }) => kind) };
}
