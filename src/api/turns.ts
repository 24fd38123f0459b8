import type { Socket } from 'node:net';
import { yieldTurn } from '../base/index.ts';

/** Pipelined requests that may wait on one connection; a client with more is flooding. */
const MAX_PIPELINED = 16;
/** Concurrent requests of one client. */
const AT_ONCE = 16;

/** Handles the requests of a connection one at a time, in order, although the parser delivers pipelined ones together. */
export function createConnectionTurns(
  onFlood: (socket: Socket) => void,
): (socket: Socket, answer: () => Promise<void>) => Promise<void> {
  const waiting = new WeakMap<Socket, (() => Promise<void>)[]>();
  return async (socket, answer) => {
    const queue = waiting.get(socket);
    if (queue !== undefined) {
      if (queue.length < MAX_PIPELINED) queue.push(answer);
      else if (!socket.destroyed) onFlood(socket);
      return;
    }
    const own: (() => Promise<void>)[] = [answer];
    waiting.set(socket, own);
    for (let next = own.shift(); next !== undefined && socket.writable; next = own.shift()) {
      await next();
      // One for each turn of the event loop: a busy socket could deliver megabytes in a single turn.
      await yieldTurn();
    }
    waiting.delete(socket);
  };
}

interface Client {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Bounds the work of one client: a few requests run at once, and each starts in its own turn of the event loop, so that probes are
 * answered in between. The number of waiting requests is bounded by the client's connections.
 */
export function createClientTurns(): <T>(client: string, work: () => Promise<T>) => Promise<T> {
  const clients = new Map<string, Client>();

  function clientOf(name: string): Client {
    const client = clients.get(name) ?? { running: 0, waiting: [] };
    clients.set(name, client);
    return client;
  }

  function leave(name: string, client: Client): void {
    const next = client.waiting.shift();
    if (next) next();
    else if (--client.running === 0) clients.delete(name);
  }

  return async (name, work) => {
    const client = clientOf(name);
    if (client.running < AT_ONCE) client.running += 1;
    else {
      // A finished request hands over its slot.
      await new Promise<void>((resolve) => client.waiting.push(resolve));
      await yieldTurn();
    }
    try {
      return await work();
    } finally {
      leave(name, client);
    }
  };
}
