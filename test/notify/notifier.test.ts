import { beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../src/base/index.ts';
import { createNotifier, eventStream, type Notification, type Notifier, type Sink } from '../../src/notify/index.ts';
import { EventLog, type FluxEvent } from '../../src/record/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { partOf } from '../support/part-of.ts';
import { until } from '../support/until.ts';

const notification = (revision: string): Notification => ({ events: [], sync: { revision, changes: [] } });
const revisionOf = ({ sync }: Notification) => sync?.revision ?? '';

let clock: ManualClock;
let warnings: string[];
let received: string[];
let notifier: Notifier;

/** A sink that notes what it receives, before and after some work. */
const sink = (name: string, work: (revision: string, signal: AbortSignal) => void | Promise<void> = () => {}): Sink => ({
  name,
  receive(each, { signal }) {
    received.push(`${name} ${revisionOf(each)}`);
    return work(revisionOf(each), signal);
  },
});

function start(...sinks: readonly Sink[]) {
  const warn = (fields: unknown, message?: string) => {
    const { sink: name, err } = fields as { readonly sink: string; readonly err: Error };
    warnings.push(`${message}: ${name}: ${err.message}`);
  };
  const log = partOf<Logger>({ warn });
  notifier = createNotifier({ sinks, clock, log });
}

beforeEach(() => {
  clock = new ManualClock();
  received = [];
  warnings = [];
});

test('each sink receives each notification, in order, before notify returns', () => {
  start(sink('a'), sink('b'));
  for (const revision of ['1', '2']) notifier.notify(notification(revision));
  expect(received).toEqual(['a 1', 'b 1', 'a 2', 'b 2']);
});

test('the event stream has each event as soon as notify returns', () => {
  const log = new EventLog();
  start(eventStream(log));
  const event = (id: string): FluxEvent => ({ type: 'commit', objects: [id], startedAt: 0, endedAt: 0, metadata: { spec: {} } });
  notifier.notify({ events: [event('shop:deployment/a'), event('shop:deployment/b')] });
  expect(log.since(0).events.map(({ event: { objects } }) => objects)).toEqual([['shop:deployment/a'], ['shop:deployment/b']]);
});

describe('a sink that fails', () => {
  const failing: readonly (readonly [string, (text: string) => void | Promise<void>])[] = [
    [
      'by throwing',
      (text) => {
        throw new Error(text);
      },
    ],
    [
      'by rejecting',
      async (text) => {
        throw new Error(text);
      },
    ],
  ];

  test.each(failing)('%s harms neither the caller nor other sinks, and is logged once while that lasts', async (_name, fail) => {
    const trouble = ['down', 'down', '', 'down', 'denied'];
    start(
      sink('bad', (revision) => (trouble[Number(revision)] === '' ? undefined : fail(trouble[Number(revision)] ?? ''))),
      sink('good'),
    );
    for (const index of trouble.keys()) {
      notifier.notify(notification(String(index)));
      await until('both have received it', () => received.length === 2 * (index + 1));
    }
    expect(received.filter((each) => each.startsWith('good'))).toHaveLength(trouble.length);
    const logged = ['down', 'down', 'denied'].map((text) => `notification failed: bad: ${text}`);
    await until('all is logged', () => warnings.length === logged.length);
    expect(warnings).toEqual(logged);
  });
});

describe('a slow sink', () => {
  test('delays no other sink, and receives the next notification when it is done with the last', async () => {
    const first = Promise.withResolvers<void>();
    start(
      sink('slow', (revision) => (revision === '1' ? first.promise : undefined)),
      sink('quick'),
    );
    for (const revision of ['1', '2', '3']) notifier.notify(notification(revision));
    expect(received).toEqual(['slow 1', 'quick 1', 'quick 2', 'quick 3']);
    first.resolve();
    await until('it received the rest', () => received.length === 6);
    expect(received.slice(4)).toEqual(['slow 2', 'slow 3']);
  });

  test('is given up after a while, which is logged, and receives the next one', async () => {
    start(sink('hanging', (revision) => (revision === '1' ? new Promise(() => {}) : undefined)));
    for (const revision of ['1', '2']) notifier.notify(notification(revision));
    clock.advance(30_000);
    await until('it received the next one', () => received.length === 2);
    expect(warnings).toEqual(['notification failed: hanging: the deadline has passed']);
  });

  test('loses the oldest of more than 100 waiting notifications, which is logged once', async () => {
    const first = Promise.withResolvers<void>();
    start(sink('slow', (revision) => (revision === '0' ? first.promise : undefined)));
    for (let n = 0; n <= 110; n += 1) notifier.notify(notification(String(n)));
    const dropped = 'notification failed: slow: more than 100 notifications wait; the oldest are dropped';
    expect(warnings).toEqual([dropped]);
    first.resolve();
    await until('it received the rest', () => received.includes('slow 110'));
    expect(received).toHaveLength(101);
    expect(received.slice(0, 2)).toEqual(['slow 0', 'slow 11']);
  });

  test('is aborted when the notifier closes, and receives nothing afterwards; that is no failure', async () => {
    let aborted = false;
    start(
      sink(
        'slow',
        (_revision, signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              aborted = true;
              reject(signal.reason);
            });
          }),
      ),
    );
    for (const revision of ['1', '2']) notifier.notify(notification(revision));
    notifier.close();
    notifier.notify(notification('3'));
    await until('it was aborted', () => aborted);
    await new Promise(setImmediate);
    expect(received).toEqual(['slow 1']);
    expect(warnings).toEqual([]);
  });
});
