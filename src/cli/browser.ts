import { spawn } from 'node:child_process';
import type { Session } from './session.ts';

/** What opens a URL in the user's browser, by platform. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens a URL in the user's browser. Resolves to false if nothing on this machine can. */
export function openBrowser(url: string, { env, clock }: Pick<Session, 'env' | 'clock'>): Promise<boolean> {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { env: { ...env }, stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    // An opener may stay with the browser that it starts.
    child.once('spawn', () => void clock.sleep(OPENER_MS).then(() => resolve(true)));
    child.once('exit', (code) => resolve(code === 0));
    child.unref();
  });
}

/** An opener that finds no browser ends sooner. */
const OPENER_MS = 2_000;
