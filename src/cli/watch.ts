import { createOutage } from './outage.ts';
import type { Session } from './session.ts';

const INTERVAL_MS = 2000;
const CLEAR = '\u001b[H\u001b[J';

/**
 * Prints what `show` gives; with --watch again whenever it gives something else, until it is interrupted; a daemon that is
 * away then is waited for. A terminal shows the latest only.
 */
export async function print(
  session: Pick<Session, 'stdout' | 'stderr' | 'env' | 'colour' | 'clock'>,
  { watch = false, outputFormat }: { readonly watch?: boolean; readonly outputFormat: string },
  show: () => Promise<string>,
): Promise<number> {
  const { stdout, clock } = session;
  const outage = createOutage(session);
  // What follows each other must stay apart, whoever reads it.
  const head = watch && outputFormat === 'yaml' ? '---\n' : '';
  let shown: string | undefined;
  for (;;) {
    try {
      const next = await show();
      const wasAway = outage.over();
      // The screen also has what was told of the outage.
      const isNews = next !== shown || (wasAway && stdout.isTTY === true);
      if (isNews) stdout.write(`${watch && stdout.isTTY ? CLEAR : head}${next}`);
      shown = next;
    } catch (error) {
      // Nothing to watch was there yet: whoever has just typed the command is told what is wrong with it.
      if (shown === undefined) throw error;
      await outage.bear(error);
    }
    if (!watch) return 0;
    await clock.sleep(INTERVAL_MS);
  }
}
