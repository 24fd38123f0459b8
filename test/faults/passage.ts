import { type Channel, channel } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { ApiProxy } from '../e2e/harness/api-proxy.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Passage of virtual time: it moves only while a test asks for it, and only when there is nothing left to do but wait. */
export interface Passage {
  /** Lets so many milliseconds go by, waking sleepers in order. */
  pass(ms: number): Promise<void>;
  /** Lets time go by until the promise settles. */
  during<T>(promise: Promise<T>): Promise<T>;
  /** Lets time go by until the condition holds, at most so long; resolves to the milliseconds it took. Fails when it never holds. */
  until(what: string, holds: () => boolean, withinMs: number): Promise<number>;
  /** When requests to the proxy's address were begun, those that found nobody there included. */
  readonly begun: readonly number[];
  close(): void;
}

/** Other work that is on its way, such as that of Git. */
export interface Work {
  readonly pending: () => number;
}

const FILES_AND_CONNECTS = /^(FSReq|CloseReq|TCPConnectWrap)/;
/** What a watch sends is nobody's request: it is given three times as long to come by its three sockets. */
const QUIET_TURNS = 4;
/** Something that never settles is a fault of the test; a loaded machine is not. */
const STUCK_MS = 120_000;

/**
 * Everything is in one process and talks over real sockets, so "nothing left to do" can be known: each request of a client
 * is either held by the proxy, idle there, or queued for a connection; no file is being read; and for some turns of the
 * event loop nothing moved.
 */
export function createPassage(clock: VirtualClock, proxy: ApiProxy, work: Work = { pending: () => 0 }): Passage {
  const open = new Set<ClientRequest>();
  const begun: number[] = [];
  let moved = 0;
  const created: Channel = channel('http.client.request.created');
  const onCreated = (message: unknown) => {
    const { request } = message as { readonly request: ClientRequest };
    if (request.getHeader('host') !== `127.0.0.1:${proxy.port}`) return;
    begun.push(clock.now());
    open.add(request);
    request.on('close', () => {
      open.delete(request);
      moved += 1;
    });
  };
  created.subscribe(onCreated);
  proxy.onActivity = () => {
    moved += 1;
  };

  function isBusy(): boolean {
    const { moving, idle } = proxy.traffic();
    // A request that has no socket waits for a connection that another one holds.
    const travelling = [...open].filter(({ socket }) => socket !== null && socket !== undefined).length;
    return (
      moving > 0 ||
      travelling !== idle ||
      work.pending() > 0 ||
      process.getActiveResourcesInfo().some((name) => FILES_AND_CONNECTS.test(name))
    );
  }

  async function settle(isOver: () => boolean = () => false): Promise<void> {
    const started = performance.now();
    let since = started;
    let turns = 0;
    let seen = -1;
    while (!isOver()) {
      // Other work is done by processes, which need the CPU.
      await (work.pending() > 0 ? sleep(1) : turn());
      const activity = moved + clock.activity;
      if (isBusy() || activity !== seen) {
        seen = activity;
        turns = 0;
        since = performance.now();
        if (since - started > STUCK_MS) {
          throw new Error(`still busy: ${JSON.stringify({ ...proxy.traffic(), open: open.size, work: work.pending() })}`);
        }
        continue;
      }
      turns += 1;
      if (turns >= (proxy.traffic().idle > 0 ? 3 * QUIET_TURNS : QUIET_TURNS)) return;
    }
  }

  /** Moves on to the next one who is due, at most to `end`. False when nobody is due until then. */
  function step(end: number): boolean {
    const { next } = clock;
    clock.moveTo(next === undefined ? end : Math.min(next, end));
    return next !== undefined && next <= end;
  }

  return {
    async pass(ms) {
      const end = clock.now() + ms;
      do await settle();
      while (step(end));
      await settle();
    },
    async during(promise) {
      let over = false;
      const ended = promise.finally(() => {
        over = true;
      });
      // Looked at below; until then it must not count as unhandled.
      ended.catch(() => undefined);
      while (!over) {
        await settle(() => over);
        if (over) break;
        if (clock.next === undefined) throw new Error('waits for something that never happens');
        step(Number.POSITIVE_INFINITY);
      }
      return ended;
    },
    async until(what, holds, withinMs) {
      const started = clock.now();
      const end = started + withinMs;
      for (;;) {
        await settle(holds);
        if (holds()) return clock.now() - started;
        if (clock.now() >= end) throw new Error(`not within ${withinMs} ms: ${what}`);
        step(end);
      }
    },
    begun,
    close() {
      created.unsubscribe(onCreated);
      proxy.onActivity = undefined;
    },
  };
}
