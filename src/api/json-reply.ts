import type { Reply } from './route.ts';

/** A JSON body that no cache keeps. */
export function jsonReply(status: number, body: object): Reply {
  return { status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }, body: JSON.stringify(body) };
}
