import { createOutage } from './outage.ts';
import type { Session } from './session.ts';

const INTERVAL_MS = 2000;
const CLEAR = '\u001b[H\u001b[J';

/**
 * Prints the result of `show`. With --watch, prints each new result until interrupted, and waits for an unreachable daemon. A terminal
 * shows only the latest result.
 */
export async function printOrWatch(
  session: Pick<Session, 'stdout' | 'stderr' | 'env' | 'colour' | 'clock'>,
  { watch = false, outputFormat }: { readonly watch?: boolean; readonly outputFormat: string },
  show: () => Promise<string>,
): Promise<number> {
  const { stdout, clock } = session;
  const outage = createOutage(session);
  // Separates consecutive results for every reader.
  const head = watch && outputFormat === 'yaml' ? '---\n' : '';
  let shown: string | undefined;
  for (;;) {
    try {
      const next = await show();
      const wasAway = outage.over();
      // The screen also shows the outage message.
      const isNews = next !== shown || (wasAway && stdout.isTTY === true);
      if (isNews) stdout.write(`${watch && stdout.isTTY ? CLEAR : head}${next}`);
      shown = next;
    } catch (error) {
      // Nothing has been shown yet, so the error ends the command.
      if (shown === undefined) throw error;
      await outage.tolerate(error);
    }
    if (!watch) return 0;
    await clock.sleep(INTERVAL_MS);
  }
}
