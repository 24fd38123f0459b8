import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../ui/api/answer.ts';
import { type LogReading, type LogState, readLog } from '../../../ui/logs/read-log.ts';
import { Resume } from '../../../ui/logs/resume.ts';

const LINES = ['one', 'again', 'again', 'last'].map(
  (text, index) => `2030-01-01T00:00:0${Math.floor(index / 2)}.00000000${index}Z ${text}`,
);
const PLACE = { id: 'shop:deployment/cart', source: undefined, pod: 'cart-1', container: 'cart', previous: false };

const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const problem = { type: 'about:blank', title: 'Busy', status: 503, detail: 'try later', code: 'api/busy' };

function streamOf(...texts: readonly string[]): Answer<ReadableStream<Uint8Array>> {
  const bytes = texts.map((text) => new TextEncoder().encode(text));
  return {
    kind: 'ok',
    value: new ReadableStream({
      start(controller) {
        for (const each of bytes) controller.enqueue(each);
        controller.close();
      },
    }),
  };
}

function brokenOff(...texts: readonly string[]): Answer<ReadableStream<Uint8Array>> {
  const bytes = texts.map((text) => new TextEncoder().encode(text));
  let at = 0;
  return {
    kind: 'ok',
    value: new ReadableStream({
      pull(controller) {
        const next = bytes[at];
        at += 1;
        if (next) controller.enqueue(next);
        else controller.error(new TypeError('network error'));
      },
    }),
  };
}

/** What comes of one reading of a log, beside its lines since a time and how it ends. */
type Outcome = (lines: readonly string[], end: string) => Answer<ReadableStream<Uint8Array>>;

const whole: Outcome = (lines, end) => streamOf(event('lines', { lines }), event('end', { reason: end }));

interface Played {
  readonly lines: readonly string[];
  readonly states: readonly string[];
  readonly paths: readonly string[];
  readonly gaps: number;
}

/** Reads a log of which the readings come out as given; after these, and without any, they are whole. */
async function play(outcomes: readonly Outcome[], parts: Partial<LogReading> = {}, lastEnd = 'renew'): Promise<Played> {
  const stop = new AbortController();
  const [lines, states, paths]: [string[], string[], string[]] = [[], [], []];
  let gaps = 0;
  await readLog({
    place: PLACE,
    follow: true,
    tailLines: 100,
    resume: new Resume(),
    signal: stop.signal,
    wait: async () => undefined,
    async open(path) {
      const outcome = outcomes[paths.length] ?? whole;
      if (paths.length > outcomes.length) stop.abort();
      paths.push(path);
      const since = new URLSearchParams(path.slice(path.indexOf('?'))).get('sinceTime');
      const from = since === null ? 0 : Date.parse(since);
      return outcome(
        LINES.filter((line) => Date.parse(line.slice(0, line.indexOf(' '))) >= from),
        lastEnd,
      );
    },
    onLines: async (more) => void lines.push(...more),
    onGap: () => {
      gaps += 1;
    },
    onState: (state: LogState) => void states.push(state.kind),
    ...parts,
  });
  return { lines, states, paths, gaps };
}

describe('a log of which a reading', () => {
  test.each<[string, Outcome, string]>([
    ['is whole', whole, 'live'],
    ['is not answered', () => ({ kind: 'unreachable' }), 'lost'],
    ['is answered that it cannot be answered now', () => ({ kind: 'unreachable', problem }), 'lost'],
    ['breaks off before its first line', () => brokenOff(), 'lost'],
    ['breaks off in the middle of a line', (lines) => brokenOff(event('lines', { lines }).slice(0, 60)), 'lost'],
    ['breaks off after two lines', (lines) => brokenOff(event('lines', { lines: lines.slice(0, 2) })), 'lost'],
    ['breaks off after all lines', (lines) => brokenOff(event('lines', { lines })), 'lost'],
    ['ends without saying so', (lines) => streamOf(event('lines', { lines: lines.slice(0, 3) })), 'lost'],
    ['is no JSON', (lines) => streamOf(event('lines', { lines }).replace('{', '<')), 'lost'],
    [
      'fails on the way',
      (lines) => streamOf(event('lines', { lines: lines.slice(0, 1) }), event('end', { reason: 'failed', problem })),
      'lost',
    ],
    ['is over with its container', (lines) => whole(lines.slice(0, 3), 'ended'), 'ended'],
  ])('%s has each line once, and says how it stands', async (_, outcome, state) => {
    for (const outcomes of [[outcome], [whole, outcome], [outcome, outcome]]) {
      const { lines, states } = await play(outcomes);
      expect(lines).toEqual(LINES);
      expect(states).toContain(state);
    }
  });

  test('is more than can be read begins again at its end, and that is said', async () => {
    const { paths, gaps } = await play([(lines) => whole(lines, 'limit')]);
    expect(gaps).toBe(1);
    expect(paths.slice(0, 2)).toEqual([paths[0], paths[0]]);
    expect(paths[0]).toContain('tailLines=100');
  });

  test('is refused ends', async () => {
    const refused: Outcome = () => ({ kind: 'refused', problem: { ...problem, status: 404 } });
    const { states, paths } = await play([whole, refused]);
    expect([states.at(-1), paths.length]).toEqual(['refused', 2]);
  });

  test.each([
    ['ended', 'ended'],
    ['limit', 'limit'],
    ['failed', 'refused'],
  ])('is not followed ends with %s', async (end, state) => {
    const { states, paths } = await play([], { follow: false }, end);
    expect([states.at(-1), paths.length]).toEqual([state, 1]);
    expect(paths[0]).not.toContain('follow');
  });
});
