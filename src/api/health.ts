import { type Clock, remember } from '../base/index.ts';
import type { Daemon } from '../controller/index.ts';
import type { Reply, Route } from './route.ts';

/** Renders metrics in the text format their content type names. */
export type RenderMetrics = () => Promise<{ readonly contentType: string; readonly body: string }>;

/** Kubernetes' probes: alive while the loop makes progress, ready when the daemon is. The reason may contain addresses, and is shown only on loopback. */
export function healthRoutes(daemon: Pick<Daemon, 'readiness' | 'liveness'>): readonly Route[] {
  return [
    {
      methods: ['GET', 'HEAD'],
      path: '/healthz',
      access: 'public',
      handle() {
        const stuck = daemon.liveness();
        return stuck === undefined ? plain(200, 'ok\n') : plain(503, `${stuck}\n`);
      },
    },
    {
      methods: ['GET', 'HEAD'],
      path: '/readyz',
      access: 'public',
      handle({ session }) {
        const { ready, reason } = daemon.readiness();
        const why = session.type === 'local' && reason !== '' ? `: ${reason}` : '';
        return ready ? plain(200, `ok${why}\n`) : plain(503, `not ready${why}\n`);
      },
    },
  ];
}

/** Cache time of rendered metrics: thousands of series take milliseconds, and anyone may request them. */
const RENDERED_MS = 1000;

export function metricsRoute(render: RenderMetrics, clock: Clock): Route {
  const rendered = remember(
    async () => {
      const { contentType, body } = await render();
      return { status: 200, headers: { 'Content-Type': contentType }, body: Buffer.from(body) };
    },
    RENDERED_MS,
    clock,
  );
  return {
    methods: ['GET', 'HEAD'],
    path: '/metrics',
    access: 'public',
    handle: rendered,
  };
}

function plain(status: number, body: string): Reply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
}
