import { redact, rfc3339 } from '../../base/index.ts';
import type { LiveReads } from '../../controller/index.ts';
import { cutValue, isLongValue } from '../v1/index.ts';
import type { LiveObjectWire } from '../wire/index.ts';

type Report = Awaited<ReturnType<LiveReads['object']>>;
type Field = Report['fields'][number];

export function objectToWire(id: string, { exists, hidden, fields, isCut, events }: Report): LiveObjectWire {
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
  const isLong = isLongValue(desired) || isLongValue(live);
  return {
    path,
    state,
    ...(desired === undefined ? {} : { desired: cutValue(desired) }),
    ...(live === undefined ? {} : { live: cutValue(live) }),
    ...(isLong ? { isCut: true } : {}),
    owners: owners.map(({ at, ...owner }) => ({ ...owner, ...(at === undefined ? {} : { at: rfc3339(at) }) })),
  };
}

function eventToWire({ lastAt, ...event }: Extract<Report['events'], { state: 'read' }>['value'][number]) {
  return { ...event, message: redact(event.message), ...(lastAt === undefined ? {} : { at: rfc3339(lastAt) }) };
}
