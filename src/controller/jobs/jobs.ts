import { randomUUID } from 'node:crypto';
import { FluxError, messageOf } from '../../base/index.ts';
import { Recent } from '../../record/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { UpdateResult, UpdateSpec } from '../../update/index.ts';
import type { JobStatus } from '../daemon/daemon.ts';
import type { Source } from '../ports/source.ts';
import { CommittedJobs } from './committed-jobs.ts';

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

/** How many jobs may wait, and how much of what they ask for, in characters of JSON. */
const MAX_WAITING = 1000;
const MAX_WAITING_CHARS = 32 * 2 ** 20;
/** How many statuses of jobs that succeeded are kept, as in Flux v1, and as many of dry runs; those that failed are small, and are nowhere else. */
const KEPT = 100;
const KEPT_FAILED = 1000;

/**
 * First in, first out; run one at a time by the loop. What waits or runs is always known, of the others the last; older ones are found
 * by their notes in Git.
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
  add(spec: UpdateSpec, queuedAt: number): Job {
    const chars = JSON.stringify(spec).length;
    if (this.#waiting.length >= MAX_WAITING || this.#waitingChars + chars > MAX_WAITING_CHARS) throw queueFull(this.length);
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

  /** Nobody here will run those that wait. */
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
    this.#failed.set(id, { state: 'failed', error: messageOf(error), ...outcome });
  }

  /** What was only calculated, as if it were a job; resolves to its id. */
  calculated(outcome: JobResult): string {
    const id = randomUUID();
    this.#dryRuns.set(id, { state: 'succeeded', error: '', ...outcome });
    return id;
  }

  /** @throws FluxError `job/unknown` for a job that neither memory nor Git knows. */
  async status(id: string): Promise<JobStatus> {
    const known = this.#underway.get(id) ?? this.#succeeded.get(id) ?? this.#failed.get(id) ?? this.#dryRuns.get(id);
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

function queueFull(waiting: number): FluxError {
  return new FluxError(`the queue of jobs is full: ${waiting} wait`, {
    code: 'job/queue-full',
    help: 'Jobs run one at a time. Ask again when some of them are done.\n',
    expected: true,
  });
}
