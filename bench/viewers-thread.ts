/** A thread of `cases/viewers.ts`: browsers that have the page open, each with connections of its own. */
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export interface ViewersOrder {
  readonly port: number;
  readonly viewers: number;
}

/** What the viewers saw until they were closed. */
export interface Viewing {
  /** The most streams of events that were open at once, and how many were refused. */
  readonly streams: number;
  readonly refused: number;
  /** How long each look at the overview took, ms; and how many were not answered. */
  readonly looks: readonly number[];
  readonly failed: number;
}

/** As the page has it. */
const POLL_MS = 10_000;
const REFUSED_PAUSE_MS = 60_000;

const { port, viewers } = workerData as ViewersOrder;
const stop = new AbortController();
const looks: number[] = [];
let [streams, open, refused, failed] = [0, 0, 0, 0];

function ask(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false, signal: stop.signal }, resolve).once('error', reject);
  });
}

async function look(): Promise<void> {
  const begin = performance.now();
  try {
    const answer = await ask('/api/v1/overview');
    for await (const _ of answer);
    if (answer.statusCode !== 200) failed += 1;
    looks.push(performance.now() - begin);
  } catch {
    if (!stop.signal.aborted) failed += 1;
  }
}

/** Reads the stream as long as there is one; an event makes the viewer look. */
async function listen(): Promise<void> {
  while (!stop.signal.aborted) {
    try {
      const answer = await ask('/api/v1/events');
      if (answer.statusCode === 200) {
        open += 1;
        streams = Math.max(streams, open);
        for await (const piece of answer) if (String(piece).includes('data:')) void look();
        open -= 1;
      } else {
        answer.resume();
        refused += 1;
      }
    } catch {
      // The viewers are closed.
    }
    await sleep(REFUSED_PAUSE_MS, undefined, { signal: stop.signal }).catch(() => {});
  }
}

async function view(number: number): Promise<void> {
  await sleep((number * POLL_MS) / viewers, undefined, { signal: stop.signal });
  void listen();
  while (!stop.signal.aborted) {
    void look();
    await sleep(POLL_MS, undefined, { signal: stop.signal });
  }
}

for (let number = 0; number < viewers; number += 1) view(number).catch(() => {});
parentPort?.once('message', () => {
  stop.abort();
  parentPort?.postMessage({ streams, refused, looks, failed } satisfies Viewing);
  parentPort?.close();
});
