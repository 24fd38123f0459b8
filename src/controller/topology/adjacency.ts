import { yieldTurn } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Relation } from './relations.ts';

/** The relations of each object: those that begin with it, and those that lead to it. */
export interface Adjacency {
  readonly from: ReadonlyMap<ResourceId, readonly Relation[]>;
  readonly to: ReadonlyMap<ResourceId, readonly Relation[]>;
}

/** Relations between two turns of the event loop. */
const PER_TURN = 5_000;

const KNOWN = new WeakMap<readonly Relation[], Promise<Adjacency>>();

/** Built once for the relations of a revision. */
export function adjacencyOf(relations: readonly Relation[]): Promise<Adjacency> {
  const known = KNOWN.get(relations) ?? build(relations);
  KNOWN.set(relations, known);
  return known;
}

async function build(relations: readonly Relation[]): Promise<Adjacency> {
  const from = new Map<ResourceId, Relation[]>();
  const to = new Map<ResourceId, Relation[]>();
  for (const [index, relation] of relations.entries()) {
    if (index > 0 && index % PER_TURN === 0) await yieldTurn();
    add(from, relation.from, relation);
    add(to, relation.to, relation);
  }
  return { from, to };
}

function add(relations: Map<ResourceId, Relation[]>, id: ResourceId, relation: Relation): void {
  const others = relations.get(id);
  if (others) others.push(relation);
  else relations.set(id, [relation]);
}
