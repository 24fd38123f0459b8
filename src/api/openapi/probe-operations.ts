import * as z from 'zod';
import type { Operations } from './operation.ts';

const text = { schema: z.string(), mediaType: 'text/plain' };

/** Probes and metrics. */
export const PROBE_OPERATIONS: Operations = {
  'GET /healthz': {
    id: 'isAlive',
    summary: 'Tells whether the daemon goes on working; 503 when it had better be restarted.',
    answer: { status: 200, description: 'It does.', ...text },
  },
  'GET /readyz': {
    id: 'isReady',
    summary: 'Tells whether the daemon syncs; 503 when it does not, over loopback with the reason.',
    answer: { status: 200, description: 'It does.', ...text },
  },
  'GET /metrics': {
    id: 'getMetrics',
    summary: 'Metrics in the text format of Prometheus.',
    answer: { status: 200, description: 'The metrics.', ...text },
  },
};
