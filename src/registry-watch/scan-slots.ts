import pLimit, { type LimitFunction } from 'p-limit';
import { hostOf } from './repository-name.ts';

/** Concurrent scans of one registry host, so that a slow host does not delay others. */
const SCANS_OF_HOST = 4;
/** Concurrent scans in total: each may hold a page of a tag list in memory. */
const SCANS = 32;

/** A repository by canonical name, and its running scan. */
interface Scanned {
  readonly target: { readonly name: string };
  readonly running: Promise<void> | undefined;
}

/** The repositories of `due`, in order, that may start beside the running scans among `all`. */
export function withFreeSlots<T extends Scanned>(due: readonly T[], all: Iterable<T>): readonly T[] {
  const running = new Map<string, number>();
  let total = 0;
  const start = ({ target: { name } }: Scanned) => {
    running.set(hostOf(name), (running.get(hostOf(name)) ?? 0) + 1);
    total += 1;
  };
  for (const entry of all) if (entry.running !== undefined) start(entry);
  return due.filter((entry) => {
    const isFree = total < SCANS && (running.get(hostOf(entry.target.name)) ?? 0) < SCANS_OF_HOST;
    if (isFree) start(entry);
    return isFree;
  });
}

/** Runs work on repositories with the same concurrency as scans. */
export function slotsByHost(): (name: string, work: () => Promise<void>) => Promise<void> {
  const all = pLimit(SCANS);
  const hosts = new Map<string, LimitFunction>();
  return (name, work) => {
    const host = hosts.get(hostOf(name)) ?? pLimit(SCANS_OF_HOST);
    hosts.set(hostOf(name), host);
    return host(() => all(work));
  };
}
