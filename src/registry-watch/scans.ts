import { type Clock, timeOfDay } from '../base/index.ts';
import type { ImageScan } from '../image/index.ts';
import type { Scan } from './scan.ts';
import { expectedTurns, type Queues } from './turns.ts';
import { isWaiting, type Watched } from './watched.ts';

export interface ScansOptions {
  readonly scan: Pick<Scan, 'errorOf' | 'blockedUntil'>;
  readonly queues: Queues<Watched>;
  readonly clock: Clock;
}

/** The scan state of watched repositories, sorted by name. */
export function scansOf(entries: readonly Watched[], { scan, queues, clock }: ScansOptions): readonly ImageScan[] {
  const turns = expectedTurns(entries.filter(isWaiting), clock.monotonic(), queues);
  const describe = (entry: Watched): ImageScan => {
    const { target, state, intervalMs } = entry;
    const { tags, scannedAt } = state;
    const { name } = target;
    const error = scan.errorOf(state, target);
    const blockedUntil = scan.blockedUntil(name);
    return {
      name,
      tags: scannedAt === undefined ? 0 : tags.length,
      ...(scannedAt === undefined ? {} : { scannedAt }),
      ...(intervalMs === undefined ? {} : { intervalMs: Math.round(intervalMs) }),
      isScanning: !isWaiting(entry),
      ...nextScan(entry, clock, turns.get(entry)),
      ...(blockedUntil > clock.monotonic() ? { blockedUntil: timeOfDay(clock, blockedUntil) } : {}),
      ...(error === undefined ? {} : { error }),
    };
  };
  return entries.map(describe).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** When a repository is scanned next, if that is known; by default when it is due. */
export function nextScan(entry: Watched, clock: Clock, at = Math.max(entry.nextAt, entry.heldUntil)): Pick<ImageScan, 'nextAt'> {
  return isWaiting(entry) && Number.isFinite(at) ? { nextAt: timeOfDay(clock, Math.max(at, clock.monotonic())) } : {};
}
