import { readEvents } from './event-stream.ts';
import { openStream } from './request.ts';

/** Pause before the next stream: the daemon ends each after a while, and refuses more than it can serve. */
const PAUSE_MS = 5_000;
const NAME = 'flux-events';

/**
 * Calls `onNews` after each event of the daemon, until the signal aborts. Of all tabs of this origin one has a stream, and passes its
 * events on to the others; when it is closed, another one takes over.
 */
export function followNews(token: string, onNews: () => void, signal: AbortSignal): void {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = onNews;
  signal.addEventListener('abort', () => channel.close());
  const pass = () => {
    if (signal.aborted) return;
    onNews();
    channel.postMessage('news');
  };
  void navigator.locks.request(NAME, { signal }, () => streamUntil(token, pass, signal)).catch(() => {});
}

async function streamUntil(token: string, onNews: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { type } of readEvents(await openStream(token, signal))) if (type !== 'heartbeat') onNews();
      // What happened between two streams is not in the next one.
      onNews();
    } catch {
      // The page polls meanwhile, and shows whether the daemon answers.
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
