import type { Command } from 'commander';
import { messageOf } from '../../base/index.ts';
import { openBrowser } from '../browser.ts';
import { type Launch, subcommand } from '../command.ts';
import { notSupported } from '../errors.ts';
import { interruptible } from '../interruptible.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';

interface Flags {
  /** False with --no-browser. */
  readonly browser: boolean;
}

export function uiCommand(launch: Launch): Command {
  return subcommand<Flags>('ui', {
    summary: 'Open the web page of the daemon',
    examples: ['ui', 'ui --no-browser'],
    launch,
    more: 'The page stays up as long as the command runs, which holds the port-forward. Enter opens it again, as after a restart of fluxd.',
    options: (command) => command.option('--no-browser', 'only print the link'),
    run: ui,
  });
}

async function ui(session: Session, { browser }: Flags): Promise<number> {
  await openPage(session, browser);
  // At --url nothing has to be held open.
  if (session.daemonPod === undefined) return 0;
  await interruptible(async (signal) => {
    if (session.stdout.isTTY) return keepOpening(session, browser, signal);
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  });
  return 0;
}

async function openPage(session: Session, browser: boolean): Promise<void> {
  const url = await (await session.client()).pageUrl();
  if (url === undefined) throw notSupported('serve a web page (or was started with --ui=off)');
  const isOpened = browser && (await openBrowser(url, session));
  const note = url.includes('#code=') ? ' (the link works once, for a minute)' : '';
  session.stdout.write(`${isOpened ? 'Opening' : 'Open'} ${url}${note}\n`);
}

const CTRL_C = '\u0003';

async function keepOpening(session: Session, browser: boolean, signal: AbortSignal): Promise<void> {
  session.stdout.write('Enter opens the page again, q ends.\n');
  const keyboard = session.keyboard();
  signal.addEventListener('abort', () => keyboard.close(), { once: true });
  try {
    for await (const key of keyboard.keys) {
      if (key === 'q' || key === CTRL_C) return;
      if (key !== '\r' && key !== '\n') continue;
      // While fluxd restarts, the next Enter may succeed.
      await openPage(session, browser).catch((error: unknown) => session.stderr.write(`${printableLine(messageOf(error))}\n`));
    }
  } finally {
    keyboard.close();
  }
}
