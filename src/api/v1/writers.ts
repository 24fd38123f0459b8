import type { Daemon } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { WritersWire } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/writers`: who set the sync tag, and who wrote the job notes. */
export function writerRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/writers`,
      access: 'authorized',
      async handle({ signal }) {
        const { syncTag, jobNotes } = await daemon.writers({ signal });
        const body: WritersWire = { ...(syncTag ? { syncTag: tagToWire(syncTag) } : {}), jobNotes };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

type SyncTag = NonNullable<Awaited<ReturnType<Daemon['writers']>>['syncTag']>;

function tagToWire({ setAt, ...tag }: SyncTag): NonNullable<WritersWire['syncTag']> {
  return { ...tag, ...(setAt === undefined ? {} : { setAt: new Date(setAt).toISOString() }) };
}
