import * as z from 'zod';
import type { Operations } from './operation.ts';

const text = { schema: z.string(), mediaType: 'text/plain' };

/** Probes and metrics. */
export const PROBE_OPERATIONS: Operations = {
  'GET /healthz': {
    id: 'isAlive',
    summary: "Checks that the daemon's loop makes progress; 503 with one sentence if it is stuck and should be restarted.",
    answer: { status: 200, description: 'It does.', ...text },
  },
  'GET /readyz': {
    id: 'isReady',
    summary:
      'Checks that the first sync has run, and that the last one reached the API server and Git; 503 if not, with the reason over loopback.',
    answer: { status: 200, description: 'It does.', ...text },
  },
  'GET /metrics': {
    id: 'getMetrics',
    summary: 'Returns metrics in the Prometheus text format.',
    answer: { status: 200, description: 'The metrics.', ...text },
  },
};
