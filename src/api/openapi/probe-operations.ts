import * as z from 'zod';
import type { Operations } from './operation.ts';

const text = { schema: z.string(), mediaType: 'text/plain' };

/** Probes and metrics. */
export const PROBE_OPERATIONS: Operations = {
  'GET /healthz': {
    id: 'isAlive',
    summary: 'Tells whether the loop of the daemon gets on; 503 with one sentence when it is stuck and had better be restarted.',
    answer: { status: 200, description: 'It does.', ...text },
  },
  'GET /readyz': {
    id: 'isReady',
    summary:
      'Tells whether the first sync was carried out, and whether the last one met the API server and Git; 503 when not, over loopback with the reason.',
    answer: { status: 200, description: 'It does.', ...text },
  },
  'GET /metrics': {
    id: 'getMetrics',
    summary: 'Metrics in the text format of Prometheus.',
    answer: { status: 200, description: 'The metrics.', ...text },
  },
};
