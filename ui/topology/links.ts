import type { TopologyNodeWire, TopologyWire } from '../../src/api/wire/index.ts';
import { hrefOf, NONE, type TopologyFilter } from '../shell/route.ts';

export type Show = 'graph' | 'tree';

/** Where each node leads: to the object that it is or belongs to, or into the group. Undefined where that would show nothing else. */
export function createHrefs(
  { nodes }: TopologyWire,
  filter: TopologyFilter,
  as: Show,
): (node: TopologyNodeWire) => string | undefined {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const hasSources = new Set(nodes.flatMap((node) => ('source' in node ? node.source : []))).size > 1;
  const here = hrefOf({ view: 'topology', as, filter });
  const into = (part: Partial<TopologyFilter>) => {
    const href = hrefOf({ view: 'topology', as, filter: { ...filter, ...part } });
    return href === here ? undefined : href;
  };
  const hrefFor = (node: TopologyNodeWire): string | undefined => {
    switch (node.type) {
      case 'source':
        return hasSources ? into({ source: node.name }) : undefined;
      case 'folder':
        return into({ source: hasSources ? node.source : filter.source, folder: node.name || NONE });
      case 'kind':
        return into({ source: hasSources ? node.source : filter.source, folder: node.folder || NONE, kind: node.kind || NONE });
      case 'object':
        if (node.id === undefined) return into({ text: node.place?.file ?? filter.text });
        return hrefOf({ view: 'object', id: node.id, ...(hasSources ? { source: node.source } : {}) });
      case 'outside':
        return hrefOf({ view: 'object', id: node.id });
      case 'owned': {
        const above = node.parent === undefined ? undefined : byKey.get(node.parent);
        return above && hrefFor(above);
      }
    }
  };
  return hrefFor;
}
