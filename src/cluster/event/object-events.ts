import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { asFluxError, type ChangedOnly, type Clock, type Logger } from '../../base/index.ts';
import type { ObjectEvent } from '../../change/index.ts';
import { formatApiVersion } from '../../resource/index.ts';
import { fenced, type Transport } from '../connection/transport.ts';
import type { ApiResource } from '../discovery/api-resource.ts';
import { microTime } from '../object/micro-time.ts';
import type { AllowedNamespaces } from '../scope/allowed-namespaces.ts';

import { createRateLimit } from './rate-limit.ts';

/** The object of an Event. */
export interface Subject {
  readonly resource: Pick<ApiResource, 'group' | 'version' | 'kind'>;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Required for `kubectl describe` to find the Event. */
  readonly uid: string | undefined;
  /** That of the source that the Event is about. */
  readonly fence: { readonly check: () => void };
}

export type EventResult = 'written' | 'failed' | 'left_out';

/** Writes Kubernetes Events in the background. Failures are logged once and have no other effect. */
export interface ObjectEvents {
  add(subject: Subject, event: Omit<ObjectEvent, 'change'>): void;
  close(): void;
}

export interface ObjectEventsOptions {
  readonly transport: Pick<Transport, 'request'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly changedOnly: ChangedOnly;
  readonly allowed: AllowedNamespaces;
  /** Identifies this daemon among others, such as its pod. */
  readonly instance: string;
  readonly onEvent?: ((result: EventResult) => void) | undefined;
}

/** Repeated events are counted in one Event, which is updated at most this often; Events are kept for an hour. */
const AGAIN_MS = 300_000;
/** Pause after a missing right. */
const FORBIDDEN_MS = 600_000;
const MAX_WAITING = 200;
/** Queue limits: warnings are accepted beyond the limit for normal Events. */
const MAX_WAITING_WARNINGS = 300;
const MAX_NOTE_BYTES = 1000;

/** One Event and its count. */
interface Series {
  readonly subject: Subject;
  readonly event: Omit<ObjectEvent, 'change'>;
  readonly firstAt: number;
  count: number;
  lastAt: number;
  /** Path and time of its last write. */
  written: { readonly path: string; readonly at: number } | undefined;
  isWaiting: boolean;
}

export function createObjectEvents(options: ObjectEventsOptions): ObjectEvents {
  const { transport, clock, log, changedOnly, allowed, onEvent } = options;
  const known = new LRUCache<string, Series>({ max: 2000 });
  const forbidden = new Map<string, number>();
  const stopping = new AbortController();
  const { signal } = stopping;
  const turn = createRateLimit(clock);
  let waiting: Series[] = [];
  let working = false;

  /** Events of namespaced objects are in their namespace, others in `default`, by convention. */
  const namespaceOf = ({ namespace }: Subject) => namespace ?? 'default';

  async function work(): Promise<void> {
    working = true;
    for (let series = waiting.shift(); series && !signal.aborted; series = waiting.shift()) {
      series.isWaiting = false;
      if ((forbidden.get(namespaceOf(series.subject)) ?? 0) > clock.monotonic()) {
        onEvent?.('left_out');
        continue;
      }
      await turn(signal);
      if (signal.aborted) return;
      await write(series);
    }
    working = false;
  }

  async function write(series: Series): Promise<void> {
    const namespace = namespaceOf(series.subject);
    try {
      await (series.written ? update(series, series.written.path) : create(series));
      onEvent?.('written');
      changedOnly.recovered(`events ${namespace}`);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asFluxError(thrown, { code: 'cluster/event-failed' });
      onEvent?.('failed');
      if (error.code === 'cluster/forbidden') forbidden.set(namespace, clock.monotonic() + FORBIDDEN_MS);
      if (!EXPECTED.includes(error.code) && changedOnly.hasChanged(`events ${namespace}`, error.code))
        log.warn({ namespace, error: error.message, help: HELP }, 'Kubernetes Events are not written');
    }
  }

  async function create(series: Series): Promise<void> {
    const collection = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespaceOf(series.subject))}/events`;
    const name = eventName(series.subject.name);
    const at = clock.monotonic();
    const body = JSON.stringify(eventOf(series, { name, namespace: namespaceOf(series.subject), instance: options.instance }));
    try {
      await fenced(transport, series.subject.fence).request({
        method: 'POST',
        path: collection,
        headers: JSON_TYPE,
        body,
        attempts: 2,
        signal,
      });
    } catch (thrown) {
      // The first attempt had succeeded, but its response was lost.
      if (asFluxError(thrown, { code: 'cluster/event-failed' }).code !== 'cluster/conflict') throw thrown;
    }
    series.written = { path: `${collection}/${name}`, at };
  }

  /** Updates the count; an expired Event is created again. */
  async function update(series: Series, path: string): Promise<void> {
    const at = clock.monotonic();
    const body = JSON.stringify({ series: seriesOf(series) });
    try {
      await fenced(transport, series.subject.fence).request({
        method: 'PATCH',
        path,
        headers: MERGE_TYPE,
        body,
        attempts: 2,
        signal,
      });
      series.written = { path, at };
    } catch (thrown) {
      if (asFluxError(thrown, { code: 'cluster/event-failed' }).code !== 'cluster/not-found') throw thrown;
      series.written = undefined;
      await create(series);
    }
  }

  return {
    add(subject, event) {
      const now = clock.now();
      const moment = clock.monotonic();
      const namespace = namespaceOf(subject);
      if (allowed.names !== undefined && !allowed.names.includes(namespace)) return;
      const { group, kind } = subject.resource;
      const key = JSON.stringify([group, kind, namespace, subject.name, subject.uid, event.reason, event.note]);
      const series = known.get(key) ?? {
        subject,
        event,
        firstAt: now,
        count: 0,
        lastAt: now,
        written: undefined,
        isWaiting: false,
      };
      known.set(key, series);
      series.count += 1;
      series.lastAt = now;
      if (series.isWaiting || (series.written && moment - series.written.at < AGAIN_MS)) return;
      if (waiting.length >= (event.type === 'Warning' ? MAX_WAITING_WARNINGS : MAX_WAITING)) {
        onEvent?.('left_out');
        return;
      }
      series.isWaiting = true;
      waiting.push(series);
      if (!working) void work();
    },
    close() {
      stopping.abort();
      waiting = [];
    },
  };
}

/** Errors that need no log here: a terminating namespace, and the loss of the lease, which are reported elsewhere. */
const EXPECTED = ['cluster/namespace-terminating', 'cluster/namespace-missing', 'lease/not-held'];
const HELP = 'Nothing depends on Events. To write them, Flux needs the right to create and patch events.events.k8s.io.';
const JSON_TYPE = { 'content-type': 'application/json' };
const MERGE_TYPE = { 'content-type': 'application/merge-patch+json' };

function eventOf(
  series: Series,
  { name, namespace, instance }: { readonly name: string; readonly namespace: string; readonly instance: string },
): object {
  const { subject, event, count, firstAt } = series;
  const { resource, uid } = subject;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace, annotations: { 'fluxcd.io/revision': event.revision } },
    eventTime: microTime(firstAt),
    reportingController: 'fluxcd.io/fluxd',
    reportingInstance: instance.slice(0, 128),
    action: event.action,
    reason: event.reason,
    type: event.type,
    note: cut(event.note),
    regarding: {
      apiVersion: formatApiVersion(resource),
      kind: resource.kind,
      name: subject.name,
      ...(subject.namespace === undefined ? {} : { namespace: subject.namespace }),
      ...(uid ? { uid } : {}),
    },
    ...(count > 1 ? { series: seriesOf(series) } : {}),
  };
}

function seriesOf({ count, lastAt }: Series): object {
  return { count, lastObservedTime: microTime(lastAt) };
}

/** Names of some objects are invalid for Events. */
function eventName(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 200)
    .replace(/^-+|-+$/g, '');
  return `${stem === '' ? 'object' : stem}.${randomBytes(8).toString('hex')}`;
}

function cut(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE_BYTES) return note;
  // A truncated surrogate pair becomes the replacement character.
  return `${Buffer.from(note).subarray(0, MAX_NOTE_BYTES).toString('utf8').replace(/�+$/, '')}…`;
}
