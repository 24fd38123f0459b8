/** A CPU profile as Chrome's developer tools read it. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame; readonly children?: readonly number[] }[];
  readonly samples: readonly number[];
  /** Microseconds from each sample to the one before. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

export interface SamplingHeapProfile {
  readonly head: HeapNode;
}

interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** Milliseconds in each function itself, waiting left out; the work of Node's own functions counts for our function that called them. */
export function selfShares({ nodes, samples, timeDeltas }: CpuProfile): ReadonlyMap<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const shares = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    if (!node || node.callFrame.functionName === '(idle)') continue;
    let owner = node;
    while (!isOurs(owner.callFrame)) {
      const parent = byId.get(parents.get(owner.id) ?? -1);
      if (!parent) break;
      owner = parent;
    }
    const own = isOurs(owner.callFrame);
    const name = own && owner !== node ? `${nameOf(owner.callFrame)} > ${nameOf(node.callFrame)}` : nameOf(node.callFrame);
    shares.set(name, (shares.get(name) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
  }
  return shares;
}

/** MiB that each function allocated and that are still in use; what Node's own functions allocated counts for our function that called them. */
export function heapShares({ head }: SamplingHeapProfile): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  const visit = (node: HeapNode, owner: CallFrame | undefined) => {
    const ours = isOurs(node.callFrame) ? node.callFrame : owner;
    const name = ours && ours !== node.callFrame ? `${nameOf(ours)} > ${nameOf(node.callFrame)}` : nameOf(node.callFrame);
    shares.set(name, (shares.get(name) ?? 0) + node.selfSize / 2 ** 20);
    for (const child of node.children) visit(child, ours);
  };
  visit(head, undefined);
  return shares;
}

function isOurs({ url }: CallFrame): boolean {
  return url.includes('/dist/');
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const place = url === '' ? '' : ` (${url.replace(/^.*\/dist\//, '')}:${lineNumber + 1})`;
  return `${functionName || '(anonymous)'}${place}`;
}
