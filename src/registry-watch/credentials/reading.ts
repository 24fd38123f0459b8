import { LRUCache } from 'lru-cache';
import { type Clock, createChangedOnly, type Logger } from '../../base/index.ts';
import type { DockerConfig } from './docker-config.ts';

/** How long read objects are cached. */
const TRUST_MS = 60_000;

/** Reads credentials at most once a minute for all callers, and logs what is wrong with them. */
export interface Reading {
  /** Shares what `read` resolves to. A failure is not cached. */
  remember<T>(key: string, read: () => Promise<T>): Promise<T>;
  /** Logs a problem of a source once until it changes. */
  report(source: string, message: string): void;
  /** The source was read successfully: the same problem is logged again. */
  recovered(source: string): void;
  /** Logs the problems of a Docker config. */
  checked(source: string, config: DockerConfig): DockerConfig;
}

export function createReading(clock: Clock, log: Logger): Reading {
  const remembered = new LRUCache<string, { readonly at: number; readonly value: Promise<unknown> }>({ max: 5000 });
  const changedOnly = createChangedOnly(new LRUCache<string, string>({ max: 1000 }));

  const report = (source: string, message: string) => {
    if (changedOnly.hasChanged(source, message)) log.warn({ err: message }, 'registry credentials not used');
  };

  return {
    remember<T>(key: string, read: () => Promise<T>) {
      const known = remembered.get(key);
      if (known && clock.monotonic() - known.at < TRUST_MS) return known.value as Promise<T>;
      const value = read();
      remembered.set(key, { at: clock.monotonic(), value });
      value.catch(() => remembered.delete(key));
      return value;
    },
    report,
    recovered: changedOnly.recovered,
    checked(source, config) {
      if (config.problems.length === 0) changedOnly.recovered(source);
      else report(source, config.problems.map(({ message }) => message).join('; '));
      return config;
    },
  };
}
