import type { Daemon } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { ManifestWire } from '../wire/index.ts';
import { notInGit, objectIdOf } from './object-id.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/manifest?id=…`: an object of the repository, as it may be shown. */
export function manifestRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/manifest`,
      access: 'authorized',
      async handle({ query }) {
        const id = objectIdOf(query);
        const found = await daemon.manifest(id);
        if (!found) throw notInGit(id);
        const body: ManifestWire = { id, ...found };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}
