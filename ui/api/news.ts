import { signal } from '@preact/signals';
import { readEvents } from './event-stream.ts';
import { pause } from './pause.ts';
import { openEvents } from './request.ts';

/** The daemon ends each stream after a while; they begin at least this long after each other. */
const PAUSE_MS = 5_000;
/** After the daemon refused a stream, since it serves as many as it can. */
const REFUSED_PAUSE_MS = 60_000;
/** The daemon sends something at least every 15 seconds; a machine that slept hears nothing any more. */
const SILENT_MS = 45_000;
const NAME = 'flux-events';

/** Grows with each event of the daemon. */
export const news = signal(0);

/**
 * Counts `news` until the signal aborts. Of all tabs of this origin one has a stream, and passes its events on to the others; when it is
 * closed, another one takes over.
 */
export function followNews(token: string, signal: AbortSignal): void {
  const channel = new BroadcastChannel(NAME);
  const count = () => {
    news.value += 1;
  };
  channel.onmessage = count;
  signal.addEventListener('abort', () => channel.close());
  const pass = () => {
    if (signal.aborted) return;
    count();
    channel.postMessage('news');
  };
  void navigator.locks.request(NAME, { signal }, () => streamUntil(token, pass, signal)).catch(() => {});
}

async function streamUntil(token: string, onNews: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const startedAt = Date.now();
    let pauseMs = PAUSE_MS;
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENT_MS);
    try {
      const answer = await openEvents('/events', token, AbortSignal.any([signal, silent.signal]));
      // What happened since the stream before is not in this one.
      if (answer.kind === 'ok') onNews();
      else if (answer.problem) pauseMs = REFUSED_PAUSE_MS;
      for await (const { type } of answer.kind === 'ok' ? readEvents(answer.value) : []) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENT_MS);
        if (type !== 'heartbeat') onNews();
      }
    } catch {
      // The page polls meanwhile, and shows whether the daemon answers.
    }
    clearTimeout(timer);
    await pause(startedAt + pauseMs - Date.now(), signal);
  }
}
