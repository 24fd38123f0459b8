import { type Clock, createChangedOnly, type Logger, messageOf, waitOrAbort } from '../base/index.ts';
import type { Notification, Sink } from './notification.ts';

/** Timeout of one delivery, and limit of notifications that wait for a slow sink. */
const DELIVERY_MS = 30_000;
const MAX_WAITING = 100;

export interface Notifier {
  /** Gives a notification to each sink. Never throws and never waits: sinks that return no promise have received it afterwards. */
  notify(notification: Notification): void;
  /** Aborts running deliveries and drops waiting ones. */
  close(): void;
}

export interface NotifierOptions {
  readonly sinks: readonly Sink[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Gives notifications to sinks. A sink that fails or is slow affects no other one; its failure is logged once while it lasts. */
export function createNotifier({ sinks, clock, log }: NotifierOptions): Notifier {
  const closing = new AbortController();
  const changedOnly = createChangedOnly();
  const queues = sinks.map(createQueue);

  function failed({ name }: Sink, error: unknown): void {
    if (closing.signal.aborted || !changedOnly.hasChanged(name, messageOf(error))) return;
    log.warn({ sink: name, err: error }, 'notification failed');
  }

  function createQueue(sink: Sink): (notification: Notification) => void {
    let waiting: Notification[] = [];
    let isBusy = false;

    /** Delivers one after the other, until one takes time; goes on when that one is done. */
    function work(): void {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const running = deliver(next);
        if (!running) continue;
        isBusy = true;
        void running.then(() => {
          isBusy = false;
          work();
        });
        return;
      }
    }

    /** Undefined if it is done, else a promise that never rejects. */
    function deliver(notification: Notification): Promise<void> | undefined {
      const deadline = clock.deadline(DELIVERY_MS, closing.signal);
      try {
        const running = sink.receive(notification, { signal: deadline.signal });
        if (running instanceof Promise) return settled(waitOrAbort(running, deadline.signal), deadline);
        changedOnly.recovered(sink.name);
      } catch (error) {
        failed(sink, error);
      }
      deadline[Symbol.dispose]();
      return undefined;
    }

    async function settled(running: Promise<void>, deadline: Disposable): Promise<void> {
      using _ = deadline;
      try {
        await running;
        changedOnly.recovered(sink.name);
      } catch (error) {
        failed(sink, error);
      }
    }

    closing.signal.addEventListener('abort', () => {
      waiting = [];
    });
    return (notification) => {
      if (closing.signal.aborted) return;
      waiting.push(notification);
      if (waiting.length > MAX_WAITING) {
        waiting.shift();
        failed(sink, new Error(`more than ${MAX_WAITING} notifications wait; the oldest are dropped`));
      }
      if (!isBusy) work();
    };
  }

  return {
    notify(notification) {
      for (const give of queues) give(notification);
    },
    close() {
      closing.abort(new Error('fluxd is stopping'));
    },
  };
}
