import { FluxError } from '../../base/index.ts';
import { type Caller, isForeignPage } from './caller.ts';
import { forbidden } from './refusal.ts';

/** What fluxd's own web page may do: `--ui`. */
export type PageAccess = 'read-only' | 'full';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Whether fluxd's own page sends the request. Browsers add these headers to each `fetch`, and pages cannot remove them (Fetch Metadata). */
export function isOwnPage(caller: Caller): boolean {
  const { origin, 'sec-fetch-site': site } = caller.headers;
  return (origin !== undefined || site === 'same-origin') && !isForeignPage(caller);
}

/** @throws FluxError `api/forbidden` if the page may not send a request with this method. */
export function requirePageMay(may: PageAccess, method: string): void {
  if (may === 'full' || READS.has(method)) return;
  throw forbidden('the page of this fluxd is read-only', 'Use fluxctl, or start fluxd with --ui=full.');
}

/** A request as of our page, where `--ui=off`: of a page that an earlier process served, or of a browser without one. */
export function noPage(): FluxError {
  return forbidden(
    'this fluxd serves no web page, and browsers may not call it',
    'Use fluxctl, or start fluxd with --ui=read-only.',
  );
}

/** A page without a session; the page asks for a new one. */
export function noPageSession(): FluxError {
  return new FluxError('the page has no session with this fluxd', {
    code: 'ui/no-session',
    fault: 'user',
    help: 'Open the page with fluxctl ui. A session ends when fluxd restarts, and after twelve hours without use.',
  });
}
