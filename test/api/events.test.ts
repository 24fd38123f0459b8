import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createApiServer } from '../../src/api/index.ts';
import { eventRoutes } from '../../src/api/v1/events.ts';
import { eventSchema } from '../../src/api/wire/index.ts';
import { silentLogger } from '../../src/base/index.ts';
import { EventLog, type FluxEvent } from '../../src/controller/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/until.ts';
import { daemonOf, send } from './daemon-fixture.ts';

function event(id: string, reason = 'changed'): FluxEvent {
  const metadata = { revision: 'r', corrections: [{ id, reason }] };
  return { type: 'drift_corrected', objects: [id], startedAt: 0, endedAt: 1000, metadata };
}

/** A served log of events, with time that stands still. */
async function serveEvents() {
  const events = new EventLog();
  const clock = new ManualClock();
  const server = createApiServer({ daemon: daemonOf({ events }), log: silentLogger(), clock });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { events, clock, port, close: () => server.close(), [Symbol.asyncDispose]: () => server.close() };
}

interface Stream {
  /** What came so far, without the head of the answer. */
  text(): string;
  events(): readonly { readonly id?: string; readonly event?: string; readonly data?: unknown }[];
  ended(): boolean;
  pause(): void;
  resume(): void;
  close(): void;
}

async function follow(port: number, lastEventId?: string): Promise<Stream> {
  const last = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
  const socket = connect(port, '127.0.0.1', () => socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`));
  let received = '';
  let ended = false;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.on('error', () => {
    ended = true;
  });
  socket.on('close', () => {
    ended = true;
  });
  // Lengths of chunks stand on lines of their own, which no line of an event looks like.
  const text = () => (received.split('\r\n\r\n').slice(1).join('\r\n\r\n') ?? '').replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '');
  const stream: Stream = {
    text,
    events: () =>
      text()
        .split('\n\n')
        .slice(0, -1) // the rest has not come whole
        .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2))))
        .filter(({ data }) => data !== undefined)
        .map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) })),
    ended: () => ended,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  };
  await until('the stream has begun', () => text().includes('retry: 3000') || ended);
  return stream;
}

const names = (stream: Stream) => stream.events().map(({ event: name, data }) => (name === 'gap' ? name : idOf(data)));
const idOf = (data: unknown) => eventSchema.parse(data).serviceIDs[0];

describe('GET /api/v1/events', () => {
  test('streams what happens from now on, in Flux v1’s envelope', async () => {
    await using api = await serveEvents();
    api.events.add(event('before'));
    const stream = await follow(api.port);
    api.events.add(event('a', 'by https://u:hunter2@h/r'));
    api.events.add(event('b'));
    await until('both came', () => stream.events().length === 2);
    const epoch = api.clock.now().toString(36);
    expect(stream.events()[0]).toEqual({
      id: `${epoch}.2`,
      event: 'drift_corrected',
      data: {
        id: 2,
        serviceIDs: ['a'],
        type: 'drift_corrected',
        startedAt: '1970-01-01T00:00:00.000Z',
        endedAt: '1970-01-01T00:00:01.000Z',
        logLevel: 'info',
        message: 'Drift corrected: a (by https://u:***@h/r)',
        metadata: { revision: 'r', corrections: [{ id: 'a', reason: 'by https://u:***@h/r' }] },
      },
    });
    expect(names(stream)).toEqual(['a', 'b']);
    stream.close();
  });

  test('names the source of each event where there are several, and streams those of one', async () => {
    await using api = await serveEvents();
    const stream = await follow(api.port);
    api.events.add(event('a'), 'apps');
    api.events.add(event('b'), 'default');
    await until('one came', () => stream.events().length === 1);
    expect(stream.events().map(({ data }) => eventSchema.parse(data))).toMatchObject([{ id: 2, source: 'default' }]);
    stream.close();
  });

  test('goes on after the last event that a client has', async () => {
    await using api = await serveEvents();
    for (const id of ['a', 'b', 'c']) api.events.add(event(id));
    const stream = await follow(api.port, `${api.clock.now().toString(36)}.1`);
    await until('the rest came', () => stream.events().length === 2);
    expect(names(stream)).toEqual(['b', 'c']);
    stream.close();
  });

  test('tells a client what it missed for good, after a restart, and when it was away too long', async () => {
    await using api = await serveEvents();
    api.events.add(event('a'));
    for (const id of ['abc.7', 'nonsense', '']) {
      const stream = await follow(api.port, id);
      await until('the gap and what is known came', () => stream.events().length === 2);
      expect(names(stream), id).toEqual(['gap', 'a']);
      stream.close();
    }
    for (let n = 0; n < 1_500; n += 1) api.events.add(event(`${n}`));
    const stream = await follow(api.port, `${api.clock.now().toString(36)}.1`);
    await until('all came', () => stream.events().length === 1_001);
    expect(names(stream).slice(0, 2)).toEqual(['gap', '500']);
    stream.close();
  });

  test('sends a comment when nothing happens', async () => {
    await using api = await serveEvents();
    const stream = await follow(api.port);
    for (let beat = 1; beat <= 2; beat += 1) {
      await until('it waits', () => api.clock.sleeping === 1);
      api.clock.advance(15_000);
      await until('a heartbeat came', () => stream.text().split(': heartbeat\n\n').length === beat + 1);
    }
    stream.close();
    await until('nobody waits for it any more', () => api.clock.sleeping === 0);
  });

  test('serves 32 clients at once, and the next one again when one has left', async () => {
    await using api = await serveEvents();
    const streams: Stream[] = [];
    for (let n = 0; n < 32; n += 1) streams.push(await follow(api.port));
    const refused = await send(api.port, '/api/v1/events');
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'events/too-many-readers' });
    streams[0]?.close();
    await until('there is room', async () => (await send(api.port, '/api/v1/events')).status === 200);
    for (const stream of streams) stream.close();
  });

  test('drops a client that reads too slowly for what happens, and holds nothing back for it', async () => {
    await using api = await serveEvents();
    const slow = await follow(api.port);
    slow.pause();
    const big = 'x'.repeat(20_000);
    for (let n = 0; n < 900; n += 1) api.events.add(event(`${n}`, big));
    // Its connection takes some of it; then more happens than is remembered.
    await until('the connection is full', () => api.clock.sleeping === 1);
    for (let n = 0; n < 1_400; n += 1) api.events.add(event(`${n}`));
    slow.resume();
    await until('it is dropped', () => slow.ended());
    expect(slow.events().length).toBeLessThan(2_300);
  });

  test('cuts off a client that takes nothing at all', async () => {
    await using api = await serveEvents();
    const stuck = await follow(api.port);
    stuck.pause();
    for (let n = 0; n < 900; n += 1) api.events.add(event(`${n}`, 'x'.repeat(20_000)));
    await until('the connection is full', () => api.clock.sleeping === 1);
    api.clock.advance(30_000);
    await until('nobody waits for it any more', () => api.clock.sleeping === 0);
    stuck.resume();
    await until('it is cut off', () => stuck.ended());
  });

  test('ends after ten minutes', async () => {
    await using api = await serveEvents();
    const stream = await follow(api.port);
    await until('it waits', () => api.clock.sleeping === 1);
    api.clock.advance(600_000);
    await until('it has ended', () => stream.ended());
    expect(stream.text()).not.toContain('event: ');
  });

  test('ends after half a minute for a caller from the network, so that a token that lost its right reads no longer (S-086)', async () => {
    const events = new EventLog();
    const clock = new ManualClock();
    const [route] = eventRoutes(daemonOf({ events }), clock);
    const rest = {
      method: 'GET',
      path: '',
      params: {},
      query: new URLSearchParams(),
      headers: {},
      body: '',
      bytes: Buffer.alloc(0),
    };
    if (!route) throw new Error('no route of events');
    const session = { type: 'token', require: async () => 'ann', requireOn: async () => undefined } as const;
    const { body } = await route.handle({
      ...rest,
      session,
      from: '',
      audit: () => undefined,
      signal: new AbortController().signal,
    });
    let text = '';
    let ended = false;
    const reading = (async () => {
      for await (const piece of body as AsyncIterable<string>) text += piece;
      ended = true;
    })();
    await until('it waits', () => clock.sleeping === 1);
    clock.advance(14_000);
    events.add(event('web'));
    await until('the event came', () => text.includes('event: drift_corrected'));
    await until('it waits', () => clock.sleeping === 1);
    clock.advance(15_000);
    await until('a heartbeat came', () => text.includes(': heartbeat'));
    expect(ended).toBe(false);
    await until('it waits', () => clock.sleeping === 1);
    clock.advance(1_000);
    await reading;
  });

  test('ends when the daemon does', async () => {
    const api = await serveEvents();
    const stream = await follow(api.port);
    await api.close();
    await until('it has ended', () => stream.ended());
  });
});
