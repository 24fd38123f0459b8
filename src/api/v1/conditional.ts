import { createHash } from 'node:crypto';
import type { Reply, Route } from '../route.ts';

/** Gives the answers of a GET route an ETag, answers 304 to a client that has them already (RFC 9110, 13.1.2), and HEAD as well. */
export function conditional(route: Route): Route {
  if (!route.methods.includes('GET')) return route;
  return {
    ...route,
    methods: ['GET', 'HEAD'],
    async handle(request) {
      const reply = await route.handle(request);
      if (reply.status !== 200 || (typeof reply.body !== 'string' && !Buffer.isBuffer(reply.body))) return reply;
      const etag = `"${createHash('sha256').update(reply.body).digest('base64url').slice(0, 22)}"`;
      // Whoever keeps an answer asks each time whether it still holds; nobody keeps one for others.
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' };
      if (!matches(request.headers['if-none-match'], etag)) return { ...reply, headers: { ...reply.headers, ...headers } };
      return { status: 304, headers } satisfies Reply;
    },
  };
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag);
}
