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
    more: 'The page stays up as long as the command runs, which holds the port-forward and reads live objects, pods and logs with your kubeconfig. Enter opens it again, as after a restart of fluxd.',
    options: (command) => command.option('--no-browser', 'only print the link'),
    run: ui,
  });
}

async function ui(session: Session, { browser }: Flags): Promise<number> {
  // At --url nothing has to be held open.
  if (session.daemonPod === undefined) {
    await openPage(session, await pageUrl(session), browser);
    return 0;
  }
  const first = await pageUrl(session);
  const page = await servePage(session, new URL(first).origin);
  try {
    const open = async (url: string) => openPage(session, page.at(url), browser);
    await open(first);
    await interruptible(async (signal) => {
      if (session.stdout.isTTY) return keepOpening(session, async () => open(await pageUrl(session)), signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    });
  } finally {
    page.close();
  }
  return 0;
}

/** The page at a port of its own, where what it shows of the cluster is read with the kubeconfig of the user. */
async function servePage({ kubeconfig, clock }: Session, upstream: string) {
  const [{ openLiveReads }, { openPageProxy }] = await Promise.all([
    import('../../cluster/live/index.ts'),
    import('../../api/proxy/index.ts'),
  ]);
  const reads = await openLiveReads(kubeconfig);
  const proxy = await openPageProxy({ upstream, reads, clock });
  return {
    at: (url: string) => url.replace(new URL(url).origin, proxy.url),
    close() {
      proxy.close();
      reads.close();
    },
  };
}

async function pageUrl(session: Session): Promise<string> {
  const url = await (await session.client()).pageUrl();
  if (url === undefined) throw notSupported('serve a web page (or was started with --ui=off)');
  return url;
}

async function openPage(session: Session, url: string, browser: boolean): Promise<void> {
  const isOpened = browser && (await openBrowser(url, session));
  const note = url.includes('#code=') ? ' (the link works once, for a minute)' : '';
  session.stdout.write(`${isOpened ? 'Opening' : 'Open'} ${url}${note}\n`);
}

const CTRL_C = '\u0003';

async function keepOpening(session: Session, open: () => Promise<void>, signal: AbortSignal): Promise<void> {
  session.stdout.write('Enter opens the page again, q ends.\n');
  const keyboard = session.keyboard();
  signal.addEventListener('abort', () => keyboard.close(), { once: true });
  try {
    for await (const key of keyboard.keys) {
      if (key === 'q' || key === CTRL_C) return;
      if (key !== '\r' && key !== '\n') continue;
      // While fluxd restarts, the next Enter may succeed.
      await open().catch((error: unknown) => session.stderr.write(`${printableLine(messageOf(error))}\n`));
    }
  } finally {
    keyboard.close();
  }
}
