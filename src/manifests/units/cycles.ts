/**
 * The groups of nodes that lead to each other, a node that leads to itself included; each group in the order of the nodes (Tarjan's
 * strongly connected components).
 */
export function cyclesOf<Node>(nodes: readonly Node[], next: (node: Node) => readonly Node[]): readonly (readonly Node[])[] {
  const found: Node[][] = [];
  const numbers = new Map<Node, number>();
  const stack: Node[] = [];
  const onStack = new Set<Node>();

  /** The lowest number that the node leads to among those on the stack. */
  function visit(node: Node): number {
    const own = numbers.size;
    numbers.set(node, own);
    stack.push(node);
    onStack.add(node);
    let low = own;
    for (const each of next(node)) {
      const known = numbers.get(each);
      if (known === undefined) low = Math.min(low, visit(each));
      else if (onStack.has(each)) low = Math.min(low, known);
    }
    if (low < own) return low;
    const group = new Set(stack.splice(stack.indexOf(node)));
    for (const each of group) onStack.delete(each);
    if (group.size > 1 || next(node).includes(node)) found.push(nodes.filter((each) => group.has(each)));
    return low;
  }

  for (const node of nodes) if (!numbers.has(node)) visit(node);
  return found;
}
