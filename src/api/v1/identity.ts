import type { Daemon } from '../../controller/index.ts';
import { publicKeyToWire } from '../identity/public-key.ts';
import { REGENERATE_PATH, regenerateKey } from '../identity/regenerate.ts';
import type { Route } from '../route.ts';

/** `POST /api/v1/identity/regenerate` makes a new deploy key, which is stored when it answers. It goes on when the client disconnects. */
export function identityRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: REGENERATE_PATH,
      access: 'authorized',
      body: 'json',
      handle: async (request) => {
        const { publicKey } = await regenerateKey(daemon, request);
        const body = JSON.stringify(publicKeyToWire(publicKey));
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
      },
    },
  ];
}
