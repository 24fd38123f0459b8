import type { Writable } from 'node:stream';
import type { Clock } from './clock.ts';

const SECOND_MS = 1000;
/** Limits of lines per second: for one message, in total, and for summaries of omitted lines. */
const MAX_OF_ONE = 40;
const MAX_LINES = 90;
const MAX_SUMS = 10;
/** Limit of unread log output in bytes. */
const MAX_UNREAD_BYTES = 2 ** 20;
const TIME = /"time":"[^"]*",/;

/** Lines with the same level, message and source. */
interface Group {
  readonly level: string;
  readonly component?: string;
  readonly source?: string;
  readonly msg: string;
}

interface Shown {
  readonly at: number;
  readonly group: string;
  /** The line without its time. */
  readonly text: string;
}

/**
 * Passes on at most 100 lines per second. A line that repeats one of that second, or exceeds a limit, is folded into a summary line of
 * the same message with the number of omitted lines. While the log's reader stalls, lines are folded as well instead of queued.
 */
export function limitLines(
  lines: Writable,
  unreadBytes: () => number,
  clock: Clock,
): { readonly write: (line: string) => void; readonly flush: () => void } {
  let shown: readonly Shown[] = [];
  /** Number of omitted lines, by the JSON of their group. */
  const folded = new Map<string, number>();

  const isRead = () => unreadBytes() <= MAX_UNREAD_BYTES;
  const lately = () => shown.filter(({ at }) => clock.monotonic() - at < SECOND_MS);

  function fold(group: string): void {
    if (folded.size === 0) sumUpLater();
    folded.set(group, (folded.get(group) ?? 0) + 1);
  }

  function sumUpLater(): void {
    // A deadline, since it does not keep the process alive.
    clock.deadline(SECOND_MS).signal.addEventListener('abort', () => (isRead() ? sumUp() : sumUpLater()), { once: true });
  }

  function sumUp(): void {
    const most = [...folded].toSorted(([, a], [, b]) => b - a);
    folded.clear();
    const time = new Date(clock.now()).toISOString();
    for (const [group, leftOut] of most.slice(0, MAX_SUMS - 1)) {
      const { level, component, source, msg } = JSON.parse(group) as Group;
      lines.write(`${JSON.stringify({ level, time, component, source, leftOut, msg })}\n`);
    }
    const leftOut = most.slice(MAX_SUMS - 1).reduce((sum, [, count]) => sum + count, 0);
    if (leftOut > 0) lines.write(`${JSON.stringify({ level: 'warn', time, leftOut, msg: 'other lines left out' })}\n`);
  }

  return {
    write(line) {
      const { level, component, source, msg } = JSON.parse(line) as Group;
      const group = JSON.stringify({ level, component, source, msg });
      const text = line.replace(TIME, '');
      shown = lately();
      const alike = shown.filter((other) => other.group === group);
      const hasPlace = shown.length < MAX_LINES && alike.length < MAX_OF_ONE && isRead();
      // Fatal errors are always written.
      if (level !== 'fatal' && (!hasPlace || alike.some((other) => other.text === text))) return fold(group);
      shown = [...shown, { at: clock.monotonic(), group, text }];
      lines.write(line);
    },
    flush: sumUp,
  };
}
