import { etagOf, isCurrent } from '../etag.ts';
import type { Reply, Route } from '../route.ts';

/** Adds an ETag to the responses of a GET route, responds with 304 if the client's copy is current (RFC 9110, 13.1.2), and serves HEAD. */
export function conditional(route: Route): Route {
  if (!route.methods.includes('GET')) return route;
  return {
    ...route,
    methods: ['GET', 'HEAD'],
    async handle(request) {
      const reply = await route.handle(request);
      if (reply.status !== 200 || (typeof reply.body !== 'string' && !Buffer.isBuffer(reply.body))) return reply;
      const etag = etagOf(reply.body);
      // Caches must revalidate each time, and shared caches must not store the response.
      const headers = { ETag: etag, 'Cache-Control': 'private, no-cache' };
      if (!isCurrent(request.headers, etag)) return { ...reply, headers: { ...reply.headers, ...headers } };
      return { status: 304, headers } satisfies Reply;
    },
  };
}
