/** Requests sent at about the same time, by the monotonic clock, that still count in a rolling window. */
export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Requests within this part of a window return together. */
const TOGETHER = 0.02;

/** After one more request. */
export function withOneMore(sent: readonly Sent[], windowMs: number, now: number): readonly Sent[] {
  const last = sent.at(-1);
  if (!last || now - last.from > windowMs * TOGETHER) return [...sent, { from: now, to: now, count: 1 }];
  return [...sent.slice(0, -1), { ...last, to: now, count: last.count + 1 }];
}

/** Without the last request, which did not count. */
export function withoutLast(sent: readonly Sent[]): readonly Sent[] {
  return sent.flatMap((each, index) =>
    index < sent.length - 1 ? each : each.count > 1 ? { ...each, count: each.count - 1 } : [],
  );
}

/** Those that still count, and how many have returned since. */
export function returnedBy(
  sent: readonly Sent[],
  windowMs: number,
  now: number,
): { readonly sent: readonly Sent[]; readonly returned: number } {
  const isOver = ({ to }: Sent) => to + windowMs <= now;
  if (!sent[0] || !isOver(sent[0])) return { sent, returned: 0 };
  return { sent: sent.filter((each) => !isOver(each)), returned: totalOf(sent.filter(isOver)) };
}

/** When so many have returned; undefined if there are fewer. */
export function returnOf(sent: readonly Sent[], windowMs: number, wanted: number): number | undefined {
  let returned = 0;
  for (const { to, count } of sent) {
    returned += count;
    if (returned >= wanted) return to + windowMs;
  }
  return undefined;
}

export function totalOf(sent: readonly Sent[]): number {
  return sent.reduce((sum, { count }) => sum + count, 0);
}
