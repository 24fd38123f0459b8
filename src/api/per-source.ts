import type { Daemon } from '../controller/index.ts';
import type { Route } from './route.ts';

/** Name of the query parameter that limits a request to one source. */
const SOURCE_PARAMETER = 'source';

/**
 * The routes of the daemon, which also answer for one of its sources alone.
 * @throws FluxError (when handling) `source/unknown`.
 */
export function perSource(daemon: Daemon, routesOf: (daemon: Daemon) => readonly Route[]): readonly Route[] {
  const bySource = new Map(daemon.sources.map((name) => [name, routesOf(daemon.of(name))]));
  return routesOf(daemon).map((route, index) => ({
    ...route,
    handle(request) {
      const name = request.query.get(SOURCE_PARAMETER);
      if (name === null) return route.handle(request);
      // Throws for an unknown name, with the known ones.
      daemon.of(name);
      const one = bySource.get(name)?.[index] ?? route;
      return one.handle(request);
    },
  }));
}
