import { redact, rfc3339 } from '../../base/index.ts';
import type { LiveReads } from '../../controller/index.ts';
import type { ApiRequest, Reply, Route } from '../route.ts';
import { notInGit, objectIdOf, V1_PREFIX } from '../v1/index.ts';
import type { LiveObjectWire } from '../wire/index.ts';

type Question = Parameters<LiveReads['object']>[0];
type Report = Awaited<ReturnType<LiveReads['object']>>;
type Field = Report['fields'][number];

export const LIVE_PREFIX = `${V1_PREFIX}/live`;

/** What a caller may look at: the cluster, with what it needs of Git. */
export interface Admitted extends Pick<Question, 'permit'> {
  readonly reads: LiveReads;
  readonly manifest: (id: Question['id']) => Promise<Question['desired'] | undefined>;
}

export interface LiveOptions {
  /** @throws FluxError for a caller that gets nothing at all. */
  readonly admit: (request: ApiRequest) => Admitted;
}

/** `GET /api/v1/live/object?id=…`: what the cluster has of an object of the repository, read with the rights of the caller. */
export function liveRoutes({ admit }: LiveOptions): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${LIVE_PREFIX}/object`,
      access: 'authorized',
      async handle(request) {
        const { reads, permit, manifest } = admit(request);
        const id = objectIdOf(request.query);
        const desired = await manifest(id);
        if (!desired) throw notInGit(id);
        const { signal } = request;
        return jsonReply(objectToWire(id, await reads.object({ id, desired, permit }, { signal })));
      },
    },
  ];
}

/** What is read with the rights of one person is kept by no cache. */
function jsonReply(body: object): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body: JSON.stringify(body),
  };
}

/** Limit of one value, as JSON. */
const MAX_VALUE = 4_000;

function objectToWire(id: string, { exists, hidden, fields, isCut, events }: Report): LiveObjectWire {
  return {
    id,
    exists,
    ...(hidden === undefined ? {} : { hidden }),
    fields: fields.map(fieldToWire),
    isCut,
    ...(events.state === 'read' ? { events: events.value.map(eventToWire) } : { noEvents: redact(events.reason) }),
  };
}

function fieldToWire({ path, state, desired, live, owners }: Field): LiveObjectWire['fields'][number] {
  const isLong = [desired, live].some((value) => value !== undefined && JSON.stringify(value).length > MAX_VALUE);
  return {
    path,
    state,
    ...(desired === undefined ? {} : { desired: cutValue(desired) }),
    ...(live === undefined ? {} : { live: cutValue(live) }),
    ...(isLong ? { isCut: true } : {}),
    owners: owners.map(({ at, ...owner }) => ({ ...owner, ...(at === undefined ? {} : { at: rfc3339(at) }) })),
  };
}

type Value = Exclude<LiveObjectWire['fields'][number]['live'], undefined>;

function cutValue(value: Exclude<Field['live'], undefined>): Value {
  if (typeof value === 'string') return value.slice(0, MAX_VALUE);
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? text.slice(0, MAX_VALUE) : (value as Value);
}

function eventToWire({ lastAt, ...event }: Extract<Report['events'], { state: 'read' }>['value'][number]) {
  return { ...event, message: redact(event.message), ...(lastAt === undefined ? {} : { at: rfc3339(lastAt) }) };
}
