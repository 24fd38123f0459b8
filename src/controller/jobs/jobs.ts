import { randomUUID } from 'node:crypto';
import { FluxError, hasCode, messageOf } from '../../base/index.ts';
import { Recent } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { UpdateResult, UpdateSpec } from '../../update/index.ts';
import type { JobStatus } from '../daemon/daemon.ts';
import type { Source } from '../ports/source.ts';
import type { ProposedOn } from '../pull-requests/proposed-on.ts';
import { CommittedJobs } from './committed-jobs.ts';

export interface Job {
  readonly id: string;
  readonly spec: UpdateSpec;
  /** Time by the monotonic clock, in milliseconds. */
  readonly queuedAt: number;
}

/** The result of a job. */
export interface JobResult {
  readonly revision?: Revision;
  readonly spec?: UpdateSpec;
  readonly result?: UpdateResult;
  /** Where the result is proposed, if it is not committed to the followed branch. */
  readonly pullRequests?: readonly ProposedOn[];
}

/** Limits of waiting jobs: their number, and the size of their specs in characters of JSON. */
const MAX_WAITING = 1000;
const MAX_WAITING_CHARS = 32 * 2 ** 20;
/** Number of retained statuses of successful jobs, as in Flux v1, and of dry runs; failed ones are small, and recorded nowhere else. */
const KEPT = 100;
const KEPT_FAILED = 1000;

/**
 * The FIFO queue of jobs, which the loop runs one at a time. The status of waiting and running jobs is always known, that of others for
 * a while; older ones are found by their notes in Git.
 */
export class JobQueue {
  readonly #waiting: (Job & { readonly chars: number })[] = [];
  #waitingChars = 0;
  readonly #underway = new Map<string, JobStatus>();
  readonly #succeeded = new Recent<JobStatus>(KEPT);
  readonly #failed = new Recent<JobStatus>(KEPT_FAILED);
  readonly #dryRuns = new Recent<JobStatus>(KEPT);
  readonly #committed: CommittedJobs;

  constructor(source: Pick<Source, 'noteBlobs' | 'notes'>) {
    this.#committed = new CommittedJobs(source);
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** @throws FluxError `job/queue-full`. */
  requireRoom(spec: UpdateSpec): void {
    const chars = JSON.stringify(spec).length;
    if (this.#waiting.length >= MAX_WAITING || this.#waitingChars + chars > MAX_WAITING_CHARS) throw queueFull(this.length);
  }

  /** @throws FluxError `job/queue-full`. */
  add(spec: UpdateSpec, queuedAt: number): Job {
    this.requireRoom(spec);
    const chars = JSON.stringify(spec).length;
    const job = { id: randomUUID(), spec, queuedAt, chars };
    this.#waiting.push(job);
    this.#waitingChars += chars;
    this.#underway.set(job.id, { state: 'queued', error: '' });
    return job;
  }

  next(): Job | undefined {
    const job = this.#waiting.shift();
    if (job === undefined) return undefined;
    this.#waitingChars -= job.chars;
    this.#underway.set(job.id, { state: 'running', error: '' });
    return job;
  }

  /** Fails the waiting jobs, since this daemon will not run them. */
  failWaiting(error: unknown): void {
    for (const { id } of this.#waiting.splice(0)) this.fail(id, error);
    this.#waitingChars = 0;
  }

  succeed(id: string, outcome: JobResult): void {
    this.#underway.delete(id);
    this.#succeeded.set(id, { state: 'succeeded', error: '', ...outcome });
  }

  fail(id: string, error: unknown, outcome: JobResult = {}): void {
    this.#underway.delete(id);
    const noChanges: Pick<JobStatus, 'noChanges'> = hasCode(error, 'update/no-changes') ? { noChanges: true } : {};
    this.#failed.set(id, { state: 'failed', error: messageOf(error), ...noChanges, ...outcome });
  }

  /** Stores the result of a dry run as a job; returns its id. */
  calculated(outcome: JobResult): string {
    const id = randomUUID();
    this.#dryRuns.set(id, { state: 'succeeded', error: '', ...outcome });
    return id;
  }

  /** @throws FluxError `job/unknown` for a job that is neither in memory nor in Git. */
  async status(id: string): Promise<JobStatus> {
    const known = this.#underway.get(id) ?? this.#succeeded.get(id) ?? this.#failed.get(id) ?? this.#dryRuns.get(id);
    if (known) return known;
    const committed = await this.#committed.find(id);
    if (committed) {
      const { revision, note } = committed;
      // The client that requested the job gets the spec as recorded in the note.
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

function queueFull(waiting: number): FluxError {
  return new FluxError(`the job queue is full: ${waiting} jobs wait`, {
    code: 'job/queue-full',
    help: 'Jobs run one at a time. Retry when some of them are done.\n',
    expected: true,
  });
}
