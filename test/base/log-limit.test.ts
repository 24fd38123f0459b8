import { Writable } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { createLogger, FluxError, type Logger, messageOf } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

let clock: ManualClock;
let log: Logger;
/** Lines as they were written, and when. */
let lines: { readonly at: number; readonly fields: Record<string, unknown> }[];
/** While it is false nobody reads. */
let reads: boolean;
let unread: (() => void)[];

beforeEach(async () => {
  clock = new ManualClock();
  lines = [];
  reads = true;
  unread = [];
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push({ at: clock.monotonic(), fields: JSON.parse(line.toString()) });
      if (reads) done();
      else unread.push(done);
    },
  });
  log = await createLogger({ format: 'json', destination, limit: clock });
});

const written = (msg: string) => lines.filter(({ fields }) => fields.msg === msg);
const count = (msg: string) => written(msg).reduce((sum, { fields }) => sum + (Number(fields.leftOut) || 1), 0);

describe('S-082: the limit of the log', () => {
  test('3,000 failing objects are at most 100 lines in any second, each is counted, and the sum of the sync is still seen', () => {
    log.info('sync started');
    for (let n = 0; n < 3000; n++) log.error({ resource: `shop:configmap/m${n}` }, 'object failed');
    log.info({ failed: 3000 }, 'sync done');
    clock.advance(1000);
    expect(written('sync done')).toHaveLength(1);
    expect(count('object failed')).toBe(3000);
    expect(lines.length).toBeLessThanOrEqual(100);
    expect(written('object failed').at(-1)?.fields).toEqual({
      level: 'error',
      time: expect.any(String),
      leftOut: 2960,
      msg: 'object failed',
    });
  });

  test('whatever is logged, no second has more than 100 lines, and none is lost from the count', () => {
    for (let step = 0; step < 400; step++) {
      for (let n = 0; n < step % 37; n++) log.warn({ n, step }, `message ${(step * n) % 23}`);
      clock.advance(25);
    }
    clock.advance(5000);
    const total = lines.reduce((sum, { fields }) => sum + (Number(fields.leftOut) || 1), 0);
    expect(total).toBe(Array.from({ length: 400 }, (_, step) => step % 37).reduce((sum, each) => sum + each));
    for (const { at } of lines)
      expect(lines.filter((line) => line.at >= at && line.at < at + 1000).length).toBeLessThanOrEqual(100);
  });

  test('a line that repeats one of the last second is folded into a count', () => {
    for (let n = 0; n < 5; n++) log.warn({ image: 'a/b' }, 'image scan failed');
    log.warn({ image: 'c/d' }, 'image scan failed');
    expect(lines).toHaveLength(2);
    clock.advance(1000);
    expect(lines.slice(2).map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ msg: 'image scan failed', leftOut: 4 }),
    ]);
    log.warn({ image: 'a/b' }, 'image scan failed');
    expect(lines).toHaveLength(4);
  });

  test('while nobody reads, lines are counted instead of queued, and the count is told once somebody does', () => {
    reads = false;
    const queued = () => unread.length + lines.length;
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 30; n++) log.warn({ second, n, text: 'x'.repeat(2000) }, 'much');
      clock.advance(1000);
    }
    // 1 MiB, and the line that went over it.
    expect(queued()).toBeLessThan(600);
    reads = true;
    while (unread.length > 0) unread.shift()?.();
    clock.advance(1000);
    expect(count('much')).toBe(1800);
  });

  test('the last words of the daemon are always written', () => {
    for (let n = 0; n < 500; n++) log.error({ n }, 'object failed');
    log.flush();
    log.fatal({ err: new Error('no memory') }, 'fluxd failed');
    expect(count('object failed')).toBe(500);
    expect(lines.at(-1)?.fields).toMatchObject({ level: 'fatal' });
  });
});

describe('S-082: a text from outside of 1 MiB', () => {
  const text = `admission webhook "w" denied the request: https://me:pa55word@example.org/${'x'.repeat(2 ** 20)}`;

  test.each([
    ['a FluxError', () => new FluxError(text, { code: 'a/b', help: text })],
    ['another error', () => new TypeError(text)],
    ['a text', () => text],
  ])('is cut to 2 KiB in the log, in %s', (_, make) => {
    log.error({ err: make(), other: text }, text);
    const [line] = lines;
    expect(JSON.stringify(line).length).toBeLessThan(12 * 1024);
    expect(line?.fields.other).toMatch(/^admission webhook "w" denied the request: .*… \(\d+ more characters\)$/);
    expect(JSON.stringify(line)).not.toContain('pa55word');
  });

  test('is cut in the message of each error, which the API, records and events show', () => {
    for (const message of [new FluxError(text, { code: 'a/b' }).message, messageOf(new Error(text)), messageOf(text)]) {
      expect(message.length).toBeLessThanOrEqual(2048);
      expect(message).not.toContain('pa55word');
    }
    expect(messageOf(new Error('x'.repeat(2048)))).toBe('x'.repeat(2048));
  });
});
