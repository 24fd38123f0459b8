import { redact } from '../../base/index.ts';
import { type Daemon, type Topology, type TopologyNode, type TopologyQuestion, topologyOf } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { STATUSES, type TopologyNodeWire, type TopologyWire } from '../wire/index.ts';
import { textParameter } from './parameter.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/topology?namespace=shop` or `?around=shop:deployment/cart`: what runs, from the repositories to the pods. */
export function topologyRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/topology`,
      access: 'authorized',
      async handle({ query }) {
        const body = JSON.stringify(topologyToWire(await topologyOf(daemon, parseQuestion(query))));
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
      },
    },
  ];
}

/** @throws FluxError `api/bad-request` for an unknown status. */
function parseQuestion(query: URLSearchParams): TopologyQuestion {
  const text = (name: string) => textParameter(query, name) ?? '';
  const around = text('around');
  if (around !== '') return { about: 'object', id: around };
  const status = text('status');
  const known: readonly string[] = ['', ...STATUSES];
  if (!known.includes(status))
    throw badRequest(`status ${JSON.stringify(status.slice(0, 20))} is unknown`, {
      help: `It is one of ${STATUSES.join(', ')}.`,
    });
  const filter = {
    folder: text('folder'),
    namespace: text('namespace'),
    kind: text('kind'),
    status,
    text: text('text'),
  };
  return { about: 'objects', filter };
}

function topologyToWire({ nodes, links, unread, namespaces, kinds, ...numbers }: Topology): TopologyWire {
  return {
    ...numbers,
    nodes: nodes.map(nodeToWire),
    links: links.map((link) => ({ ...link })),
    unread: unread.map(({ what, reason }) => ({ what, reason: redact(reason) })),
    namespaces: [...namespaces],
    kinds: [...kinds],
  };
}

function nodeToWire(node: TopologyNode): TopologyNodeWire {
  switch (node.type) {
    case 'object':
      return { ...node, ...(node.reason === undefined ? {} : { reason: redact(node.reason) }) };
    case 'owned': {
      const { containers, ...others } = node;
      return { ...others, ...(containers ? { containers: [...containers] } : {}) };
    }
    default:
      return node;
  }
}
