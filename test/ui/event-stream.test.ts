import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents, type ServerEvent } from '../../ui/api/event-stream.ts';

async function eventsOf(pieces: Iterable<Uint8Array>): Promise<readonly ServerEvent[]> {
  const iterator = pieces[Symbol.iterator]();
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of readEvents(stream)) events.push(event);
  return events;
}

const bytes = (text: string) => new TextEncoder().encode(text);

test.each<[string, string, readonly ServerEvent[]]>([
  ['an event', 'id: a.1\nevent: sync\ndata: {"x":1}\n\n', [{ type: 'sync', data: '{"x":1}' }]],
  ['several lines of data', 'data: a\ndata:b\n\n', [{ type: 'message', data: 'a\nb' }]],
  ['a comment, which keeps the connection open', ': heartbeat\n\n', [{ type: 'heartbeat', data: '' }]],
  ['line ends of all kinds', 'event: a\r\ndata: 1\r\n\r\n', [{ type: 'a', data: '1' }]],
  ['no event without data', 'retry: 3000\n\nevent: x\n\n', []],
  [
    'the type of an event for this one alone',
    'event: a\ndata: 1\n\ndata: 2\n\n',
    [
      { type: 'a', data: '1' },
      { type: 'message', data: '2' },
    ],
  ],
  ['nothing of an event that is cut', 'event: a\ndata: 1', []],
])('reads %s', async (_, text, events) => {
  expect(await eventsOf([bytes(text)])).toEqual(events);
});

test('reads the same however the stream is cut', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, ''));
  const event = fc.record({ type: fc.stringMatching(/^[a-z_]{1,10}$/), data: line.filter((text) => text !== '') });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 5 }), fc.array(fc.nat(60)), async (events, cuts) => {
      const whole = bytes(events.map(({ type, data }) => `event: ${type}\ndata: ${data}\n\n`).join(''));
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, whole.length]) {
        pieces.push(whole.subarray(at, at + cut));
        at += cut;
      }
      expect(await eventsOf(pieces)).toEqual(events);
    }),
  );
});

test('many lines may come at once', async () => {
  const data = 'x'.repeat(100_000);
  const events = Array.from({ length: 30 }, () => ({ type: 'lines', data }));
  expect(await eventsOf([bytes(events.map(({ type }) => `event: ${type}\ndata: ${data}\n\n`).join(''))])).toEqual(events);
});

test('a line without an end is not kept for ever', async () => {
  const endless = (function* () {
    for (;;) yield bytes('x'.repeat(100_000));
  })();
  await expect(eventsOf(endless)).rejects.toThrow('too long');
});
