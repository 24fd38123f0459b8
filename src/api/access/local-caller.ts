import { isForeignPage, isLoopback } from './caller.ts';
import { forbidden, foreignPage } from './refusal.ts';
import type { Authenticator } from './session.ts';

/**
 * Recognises connections to a loopback address, where port-forwards and local users arrive. The danger there is a browser: a foreign DNS
 * name that points to this machine (S-071), or a web page that makes the user's browser send requests (S-072).
 */
export const localCaller: Authenticator = (caller) => {
  if (!isLoopback(caller.localAddress)) return undefined;
  const [host = ''] = caller.hosts;
  if (!isLoopbackHost(host)) {
    throw forbidden(
      `host ${JSON.stringify(host.slice(0, 100))} is not a loopback name`,
      'Call the API as localhost, 127.0.0.1 or [::1].',
    );
  }
  if (isForeignPage(caller)) throw foreignPage();
  return { type: 'local' };
};

function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host);
}
