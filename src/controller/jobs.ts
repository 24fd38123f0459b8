import { randomUUID } from 'node:crypto';
import { FluxError, messageOf } from '../base/index.ts';
import { Recent } from '../record/index.ts';
import type { UpdateResult, UpdateSpec } from '../update/index.ts';
import { CommittedJobs } from './committed-jobs.ts';
import type { JobStatus } from './daemon.ts';
import type { Revision, Source } from './ports.ts';

export interface Job {
  readonly id: string;
  readonly spec: UpdateSpec;
  /** By the monotonic clock, in milliseconds. */
  readonly queuedAt: number;
}

/** What a job leaves behind. */
export interface JobResult {
  readonly revision?: Revision;
  readonly spec?: UpdateSpec;
  readonly result?: UpdateResult;
}

/** How many statuses are kept, as in Flux v1. */
const KEPT = 100;

/** First in, first out; run one at a time by the loop. The status of the last jobs is kept; older ones are found by their notes in Git. */
export class JobQueue {
  readonly #waiting: Job[] = [];
  readonly #statuses = new Recent<JobStatus>(KEPT);
  readonly #committed: CommittedJobs;

  constructor(source: Pick<Source, 'noteBlobs' | 'notes'>) {
    this.#committed = new CommittedJobs(source);
  }

  get length(): number {
    return this.#waiting.length;
  }

  add(spec: UpdateSpec, queuedAt: number): Job {
    const job = { id: randomUUID(), spec, queuedAt };
    this.#waiting.push(job);
    this.#statuses.set(job.id, { state: 'queued', error: '' });
    return job;
  }

  next(): Job | undefined {
    const job = this.#waiting.shift();
    if (job) this.#statuses.set(job.id, { state: 'running', error: '' });
    return job;
  }

  /** Nobody here will run those that wait. */
  failWaiting(error: unknown): void {
    for (const { id } of this.#waiting.splice(0)) this.fail(id, error);
  }

  succeed(id: string, outcome: JobResult): void {
    this.#statuses.set(id, { state: 'succeeded', error: '', ...outcome });
  }

  fail(id: string, error: unknown, outcome: JobResult = {}): void {
    this.#statuses.set(id, { state: 'failed', error: messageOf(error), ...outcome });
  }

  /** @throws FluxError `job/unknown` for a job that neither memory nor Git knows. */
  async status(id: string): Promise<JobStatus> {
    const known = this.#statuses.get(id);
    if (known) return known;
    const committed = await this.#committed.find(id);
    if (committed) {
      const { revision, note } = committed;
      // The spec is shown to the client that asked for the job as it stands in the note.
      const outcome = { spec: note.spec as UpdateSpec, ...(note.result === null ? {} : { result: note.result }) };
      return { state: 'succeeded', error: '', revision, ...outcome };
    }
    throw new FluxError(`unknown job ${JSON.stringify(id)}`, {
      code: 'job/unknown',
      fault: 'missing',
      help: 'Job not found\n\nThis is often because the job did not result in a change, or was queued before the daemon restarted.\nLook at the commits of the branch to see whether it took effect.\n',
    });
  }
}
