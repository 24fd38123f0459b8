import type { ApiServer, Fault, Seen } from '../../api-server.ts';
import { status } from '../../api-server.ts';
import type { Random } from './random.ts';

/** What may go wrong between us and the API server while a round runs. */
export const NETWORK_FAULTS = [
  'none',
  'lists',
  'discovery',
  'stale-api',
  'absent-group',
  'writes',
  'deletes',
  'anything',
] as const;
export type NetworkFault = (typeof NETWORK_FAULTS)[number];

const failure = (code: number, reason: string): Fault => ({ status: code, body: status(code, reason, `${reason}, by the test`) });

const ANSWERS: readonly Fault[] = [
  failure(500, 'InternalError'),
  failure(503, 'ServiceUnavailable'),
  failure(403, 'Forbidden'),
  failure(410, 'Expired'),
  failure(404, 'NotFound'),
  { status: 200, body: {} },
  { status: 200, body: [] },
  { status: 200, body: 'not JSON' },
  { status: 200, body: '{"kind":"PartialObjectMetadataList","metadata":{"resourceVersion":"1"},"items":[{"metad' },
  { status: 200, body: { kind: 'PartialObjectMetadataList', metadata: {}, items: null } },
  { status: 200, body: { kind: 'PartialObjectMetadataList', metadata: {}, items: [{}] } },
  { status: 200, body: { kind: 'Status', status: 'Success' } },
  'cut',
];

const REFUSALS: readonly Fault[] = [
  failure(422, 'Invalid'),
  failure(409, 'Conflict'),
  failure(500, 'InternalError'),
  { status: 403, body: status(403, 'Forbidden', 'admission webhook "gate" denied the request: no') },
  'cut',
  'cut-after',
];

const GROUPS = ['', 'apps', 'example.com', 'apiextensions.k8s.io'];

/** Decides request by request, the same way for the same path all through the round, so that trying again does not always help. */
export function faultsOf(kind: NetworkFault, random: Random, server: ApiServer): (seen: Seen) => Fault | undefined {
  const chosen = new Map<string, Fault | undefined>();
  const sometimes = (key: string, share: number, faults: readonly Fault[]) => {
    if (!chosen.has(key)) chosen.set(key, random.chance(share) ? random.pick(faults) : undefined);
    return chosen.get(key);
  };
  if (kind === 'stale-api') server.stale = [random.pick(['apps/v1', 'v1', 'example.com/v1', 'apiextensions.k8s.io/v1'])];
  if (kind === 'absent-group') server.absent = random.chance(0.2) ? GROUPS : [random.pick(GROUPS)];
  return ({ method, path }) => {
    const isDiscovery = /^\/(api|apis)(\/[^/]+){0,2}$/.test(path) && !/^\/api\/v1\/./.test(path);
    switch (kind) {
      case 'lists':
        return method === 'GET' && !isDiscovery ? sometimes(path, 0.3, ANSWERS) : undefined;
      case 'discovery':
        return isDiscovery ? sometimes(path, 0.7, ANSWERS) : undefined;
      case 'writes':
        return method === 'PATCH' ? sometimes(path, 0.3, REFUSALS) : undefined;
      case 'deletes':
        return method === 'DELETE' ? sometimes(path, 0.5, REFUSALS) : undefined;
      case 'anything':
        return random.chance(0.1) ? random.pick(method === 'GET' ? ANSWERS : REFUSALS) : undefined;
      default:
        return undefined;
    }
  };
}
