import type { TopologyNodeWire, TopologyWire } from '../../src/api/wire/index.ts';
import { hrefOf, type TopologyFilter } from '../shell/route.ts';

export type Show = 'graph' | 'tree';

/** Where each node leads: to the object that it is or belongs to, or into the group. */
export function createHrefs({ nodes }: TopologyWire, filter: TopologyFilter, as: Show): (node: TopologyNodeWire) => string {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const hasSources = new Set(nodes.flatMap((node) => ('source' in node ? node.source : []))).size > 1;
  const into = (part: Partial<TopologyFilter>) => hrefOf({ view: 'topology', as, filter: { ...filter, ...part } });
  const hrefFor = (node: TopologyNodeWire): string => {
    switch (node.type) {
      case 'source':
        return into({ source: node.name });
      case 'folder':
        return into({ source: hasSources ? node.source : filter.source, folder: node.name });
      case 'kind':
        return into({ source: hasSources ? node.source : filter.source, folder: node.folder, kind: node.kind });
      case 'object':
        if (node.id === undefined) return into({ text: node.place?.file ?? '' });
        return hrefOf({ view: 'object', id: node.id, ...(hasSources ? { source: node.source } : {}) });
      case 'outside':
        return hrefOf({ view: 'object', id: node.id });
      case 'owned': {
        const above = node.parent === undefined ? undefined : byKey.get(node.parent);
        return above ? hrefFor(above) : into({});
      }
    }
  };
  return hrefFor;
}
