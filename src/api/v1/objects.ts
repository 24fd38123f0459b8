import { redact } from '../../base/index.ts';
import { type Daemon, type ObjectState, objectKey } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { OBJECT_STATES, type ObjectStatesWire } from '../wire/index.ts';
import { pageOf } from './paging.ts';
import { V1_PREFIX } from './prefix.ts';
import { errorToWire, unverifiedToWire } from './sync-report.ts';

/** `GET /api/v1/objects?state=failed,refused&namespace=shop`: the state of the objects of the repository, paginated. */
export function objectRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/objects`,
      access: 'authorized',
      handle({ query }) {
        const { revision, syncedAt, follows, failure, unverified, objects } = daemon.objects();
        const { entries, next } = pageOf(objects.filter(wantedBy(query)), objectKey, query);
        const body: ObjectStatesWire = {
          ...(revision === undefined ? {} : { revision }),
          ...(syncedAt === undefined ? {} : { syncedAt: new Date(syncedAt).toISOString() }),
          follows: [...follows],
          ...(failure === undefined ? {} : { failure: errorToWire(failure) }),
          ...(unverified === undefined ? {} : { unverified: unverifiedToWire(unverified) }),
          objects: entries.map(stateToWire),
          ...(next === undefined ? {} : { next }),
        };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

/** @throws FluxError `api/bad-request` for an unknown state. */
function wantedBy(query: URLSearchParams): (object: ObjectState) => boolean {
  const states = query
    .getAll('state')
    .flatMap((text) => text.split(','))
    .filter((state) => state !== '');
  const known: readonly string[] = OBJECT_STATES;
  for (const state of states) {
    if (!known.includes(state)) {
      throw badRequest(`state ${JSON.stringify(state.slice(0, 20))} is unknown`, {
        help: `The states are ${OBJECT_STATES.join(', ')}; separate several with commas.`,
      });
    }
  }
  const namespace = query.get('namespace');
  return ({ id, state }) =>
    (states.length === 0 || states.includes(state)) && (namespace === null || id?.startsWith(`${namespace}:`) === true);
}

function stateToWire({ id, state, since, place, reason, error, source }: ObjectState): ObjectStatesWire['objects'][number] {
  return {
    ...(id === undefined ? {} : { id }),
    ...(source === undefined ? {} : { source }),
    state,
    since: new Date(since).toISOString(),
    ...(place === undefined ? {} : { place }),
    ...(reason === undefined ? {} : { reason: redact(reason) }),
    ...(error === undefined ? {} : { error: errorToWire(error) }),
  };
}
