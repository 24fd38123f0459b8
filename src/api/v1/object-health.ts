import { redact } from '../../base/index.ts';
import type { Daemon, HealthReport } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { HealthWire } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';
import { parseWaitMs } from './wait.ts';

/** `GET /api/v1/health?wait=seconds`: the health of the objects that the last sync applied; waits up to that time for it to settle. */
export function objectHealthRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/health`,
      access: 'authorized',
      waits: true,
      async handle({ query, signal }) {
        const report = await daemon.health({ waitMs: parseWaitMs(query.get('wait')), signal });
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(healthToWire(report)) };
      },
    },
  ];
}

function healthToWire({ revision, settled, counts, objects }: HealthReport): HealthWire {
  return {
    revision,
    settled,
    counts: { ...counts },
    objects: objects.map(({ id, state, message }) => ({ id, state, message: redact(message) })),
  };
}
