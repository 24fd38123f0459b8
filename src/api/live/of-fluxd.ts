import { FluxError } from '../../base/index.ts';
import type { Daemon, LiveReads } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { LogStreams } from './log-streams.ts';
import { liveRoutes } from './routes.ts';

/**
 * The reads of the cluster for callers by TLS, each with a right of the caller. Over loopback there are none: who reaches it has no name,
 * and must not read with the rights of fluxd.
 */
export function liveRoutesOfFluxd(daemon: Daemon, reads: LiveReads | undefined, streams: LogStreams): readonly Route[] {
  return liveRoutes({
    streams,
    admit({ session }) {
      if (reads === undefined || session.type !== 'token')
        throw new FluxError('objects of the cluster are not read over loopback', {
          code: 'live/not-served',
          fault: 'missing',
          help: 'Open the page with fluxctl ui, which reads them with your own kubeconfig, or call fluxd by TLS with a token.',
        });
      return { caller: session.user ?? '', reads, permit: session.requireOn, manifest: (id) => daemon.manifest(id) };
    },
  });
}
