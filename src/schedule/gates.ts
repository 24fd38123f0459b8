import { LRUCache } from 'lru-cache';
import { createGate, type Gate } from './gate.ts';

/** A window and a freeze, as written. */
export interface Times {
  readonly window?: string | undefined;
  readonly freeze?: string | undefined;
}

/** The gates of many things that are behind one gate of all. */
export interface Gates {
  /** Open while both are open. */
  of(times: Times): Gate;
}

/** Number of gates that are kept: workloads share few. */
const KEPT = 1000;

/** Gates behind that of the daemon. */
export function createGates(all: Times): Gates {
  const known = new LRUCache<string, Gate>({ max: KEPT });
  const given = (...texts: readonly (string | undefined)[]) => texts.flatMap((text) => text ?? []);
  return {
    of({ window, freeze }) {
      const key = JSON.stringify([window, freeze]);
      const gate = known.get(key) ?? createGate({ windows: given(all.window, window), freezes: given(all.freeze, freeze) });
      known.set(key, gate);
      return gate;
    },
  };
}
