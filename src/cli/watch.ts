import type { Session } from './session.ts';

const INTERVAL_MS = 2000;
const CLEAR = '\u001b[H\u001b[J';

/**
 * Prints what `show` gives; with --watch again whenever it gives something else, until it is interrupted. A terminal shows the
 * latest only.
 */
export async function print(
  { stdout, clock }: Pick<Session, 'stdout' | 'clock'>,
  { watch = false, outputFormat }: { readonly watch?: boolean; readonly outputFormat: string },
  show: () => Promise<string>,
): Promise<number> {
  // What follows each other must stay apart, whoever reads it.
  const head = watch && outputFormat === 'yaml' ? '---\n' : '';
  let shown: string | undefined;
  for (;;) {
    const next = await show();
    if (next !== shown) stdout.write(`${watch && stdout.isTTY ? CLEAR : head}${next}`);
    shown = next;
    if (!watch) return 0;
    await clock.sleep(INTERVAL_MS);
  }
}
