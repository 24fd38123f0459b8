import type { JobStatusWire } from '../../src/api/wire/index.ts';
import { request } from '../api/request.ts';
import { pathOf } from '../shell/route.ts';
import { followed } from './follow.ts';
import { type Failure, failureOf } from './outcome.ts';
import type { UpdateRequest } from './spec.ts';

/** The result of a job that succeeded. */
export type JobResult = JobStatusWire['Result'];

/** Where an act is asked for. */
export interface Door {
  readonly token: string;
  /** The name of the source, if there are several. */
  readonly source: string | undefined;
}

/** Asks fluxd for an update once, and follows its job to the end. */
export async function runJob(
  body: UpdateRequest,
  { token, source }: Door,
): Promise<{ readonly kind: 'succeeded'; readonly result: JobResult } | Failure> {
  const started = await request<string>({ api: 'flux', path: pathOf('/v9/update-manifests', { source }), token, body });
  if (started.kind !== 'ok') return failureOf(started);
  const job = await followed<JobStatusWire>(
    () => request({ api: 'flux', path: pathOf('/v6/jobs', { id: started.value, source }), token }),
    ({ StatusString }) => StatusString === 'succeeded' || StatusString === 'failed',
  );
  if (!job) return { kind: 'unknown' };
  return job.StatusString === 'failed' ? { kind: 'failed', text: job.Err } : { kind: 'succeeded', result: job.Result };
}
