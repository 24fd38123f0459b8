import { goJson } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import type { UpdateSpec } from '../../update/index.ts';
import { actingUser } from '../access/acting-user.ts';
import { audited } from '../audit.ts';
import { publicKeyToWire } from '../identity/public-key.ts';
import { regenerateKey } from '../identity/regenerate.ts';
import type { ApiRequest, Reply, Route } from '../route.ts';
import { actOfUpdate } from './act-of-update.ts';
import { parseFirstJson } from './first-value.ts';
import { gitConfigToWire } from './git-config.ts';
import { flag } from './go-value.ts';
import { jobToWire } from './job.ts';
import { imagesToWire, workloadsToJson } from './listing.ts';
import { decodeChange } from './notify.ts';
import { containerFields, imageFilter, releaseParameters, workloadFilter } from './parameters.ts';
import { decodePolicyUpdates, decodeUpdateSpec } from './update-spec.ts';

export const LEGACY_PREFIX = '/api/flux';

/** All routes of Flux v1, with their names in metrics. Only the public deploy key is open to anyone: Flux v1's manifests probe it. */
export function legacyRoutes(daemon: Daemon): readonly Route[] {
  const get = (name: string, path: string, handle: Route['handle'], options: Partial<Route> = {}): Route => ({
    methods: ['GET'],
    path: LEGACY_PREFIX + path,
    name,
    access: 'authorized',
    handle,
    ...options,
  });
  const change = (
    name: string,
    method: 'POST' | 'PATCH',
    path: string,
    handle: Route['handle'],
    requires: readonly string[] = [],
  ): Route => ({
    methods: [method],
    path: LEGACY_PREFIX + path,
    name,
    access: 'authorized',
    requires,
    body: 'legacy',
    handle,
  });

  const listWorkloads = async ({ query }: ApiRequest) => {
    const workloads = await daemon.listWorkloads(workloadFilter(query));
    return { status: 200, headers: JSON_TYPE, body: workloadsToJson(workloads) };
  };
  const listImages = async ({ query }: ApiRequest) => {
    const fields = containerFields(query);
    const workloads = await daemon.listImages(imageFilter(query));
    return json(nullIfEmpty(workloads.map((workload) => imagesToWire(workload, fields))));
  };
  const cause = ({ query }: ApiRequest) => ({ Message: query.get('message') ?? '', User: query.get('user') ?? '' });

  const update = (asked: UpdateSpec, { signal, audit, session }: ApiRequest) => {
    const spec = { ...asked, cause: { ...asked.cause, User: actingUser(session, asked.cause.User) } };
    const act = actOfUpdate(asked);
    const work = () => daemon.update(spec, { signal });
    return act ? audited(audit, act, work) : work();
  };

  return [
    get('Ping', '/v11/ping', () => ({ status: 204 })),
    get('Version', '/v11/version', () => json(daemon.version())),
    change('Notify', 'POST', '/v11/notify', async ({ body }) => {
      await daemon.notify(decodeChange(body));
      return { status: 202 };
    }),
    get('ListServices', '/v6/services', listWorkloads),
    get('ListServicesWithOptions', '/v11/services', listWorkloads),
    get('ListImages', '/v6/images', listImages),
    get('ListImagesWithOptions', '/v10/images', listImages),
    change('UpdateManifests', 'POST', '/v9/update-manifests', async (request) =>
      json(await update(decodeUpdateSpec(request.body), request)),
    ),
    get('JobStatus', '/v6/jobs', async ({ query }) => json(jobToWire(await daemon.job(query.get('id') ?? ''))), {
      requires: ['id'],
    }),
    get('SyncStatus', '/v6/sync', async ({ query }) => json(await daemon.syncStatus(query.get('ref') ?? '')), {
      requires: ['ref'],
    }),
    get('Export', '/v6/export', async () => json(Buffer.from(await daemon.export()).toString('base64')), {
      methods: ['GET', 'HEAD'],
    }),
    change('GitRepoConfig', 'POST', '/v9/git-repo-config', async (request) => {
      const isRequested = flag(parseFirstJson(request.body), '');
      const config = await (isRequested ? regenerateKey(daemon, request) : daemon.gitConfig({ regenerateKey: false }));
      return json(gitConfigToWire(config));
    }),
    change(
      'UpdateImages',
      'POST',
      '/v6/update-images',
      async (request) => {
        const spec = releaseParameters(request.query);
        return json(await update({ type: 'image', cause: cause(request), spec }, request));
      },
      ['service', 'image', 'kind'],
    ),
    change('UpdatePolicies', 'PATCH', '/v6/policies', async (request) => {
      const spec = decodePolicyUpdates(request.body);
      return json(await update({ type: 'policy', cause: cause(request), spec }, request));
    }),
    get(
      'GetPublicSSHKey',
      '/v6/identity.pub',
      async () => json(publicKeyToWire((await daemon.gitConfig({ regenerateKey: false })).publicKey)),
      {
        access: 'public',
      },
    ),
    change('RegeneratePublicSSHKey', 'POST', '/v6/identity.pub', async (request) => {
      await regenerateKey(daemon, request);
      return { status: 204 };
    }),
  ];
}

const JSON_TYPE = { 'Content-Type': 'application/json; charset=utf-8' };

function json(value: unknown): Reply {
  return { status: 200, headers: JSON_TYPE, body: goJson(value) };
}

/** Go writes a nil slice as null, and Flux v1's listings start as nil. */
function nullIfEmpty<T>(entries: readonly T[]): readonly T[] | null {
  return entries.length === 0 ? null : entries;
}
