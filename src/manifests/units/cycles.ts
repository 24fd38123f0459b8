interface Visit<Node> {
  readonly node: Node;
  readonly number: number;
  /** The lowest number that the node leads to among those on the path. */
  low: number;
  readonly next: Iterator<Node>;
}

/**
 * The groups of nodes that lead to each other (Tarjan's strongly connected components), without nodes that lead to no group. The way may
 * be as long as there are nodes, so it is kept in a list, not on the stack of the process. Others have their turn by `pause`.
 */
export async function cyclesOf<Node>(
  nodes: Iterable<Node>,
  nextOf: (node: Node) => Iterable<Node>,
  pause: () => Promise<void>,
): Promise<readonly ReadonlySet<Node>[]> {
  const found: ReadonlySet<Node>[] = [];
  const numbers = new Map<Node, number>();
  /** Nodes whose group is not known yet, in the order of their numbers. */
  const open: Node[] = [];
  const isOpen = new Set<Node>();
  let steps = 0;

  function enter(node: Node): Visit<Node> {
    const number = numbers.size;
    numbers.set(node, number);
    open.push(node);
    isOpen.add(node);
    return { node, number, low: number, next: nextOf(node)[Symbol.iterator]() };
  }

  /** The nodes from this one on are a group of their own. */
  function close({ node }: Visit<Node>): void {
    const group = new Set<Node>();
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      isOpen.delete(each);
      group.add(each);
      if (each === node) break;
    }
    if (group.size > 1) found.push(group);
  }

  for (const start of nodes) {
    if (numbers.has(start)) continue;
    const path = [enter(start)];
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      steps += 1;
      if (steps % TURN === 0) await pause();
      const step = visit.next.next();
      if (step.done !== true) {
        const known = numbers.get(step.value);
        if (known === undefined) path.push(enter(step.value));
        else if (isOpen.has(step.value)) visit.low = Math.min(visit.low, known);
        continue;
      }
      path.pop();
      const before = path.at(-1);
      if (before) before.low = Math.min(before.low, visit.low);
      if (visit.low === visit.number) close(visit);
    }
  }
  return found;
}

/** Edges in one turn of the event loop, about 2 ms. */
const TURN = 10_000;
