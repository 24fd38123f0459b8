import type { Route } from '../route.ts';
import { conditional } from '../v1/conditional.ts';
import { V1_PREFIX } from '../v1/prefix.ts';
import { type DescribedRoute, openApiDocument } from './document.ts';

export { OPERATIONS, openApiDocument } from './document.ts';

/** `GET /api/v1/openapi.json`: the OpenAPI document of these routes and of this one, built on the first request. */
export function openApiRoute(others: readonly DescribedRoute[]): Route {
  let body: string | undefined;
  const route: Route = conditional({
    methods: ['GET'],
    path: `${V1_PREFIX}/openapi.json`,
    access: 'authorized',
    handle() {
      body ??= JSON.stringify(openApiDocument([...others, route]));
      return { status: 200, headers: { 'Content-Type': 'application/json' }, body };
    },
  });
  return route;
}
