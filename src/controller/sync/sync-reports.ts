import { randomUUID } from 'node:crypto';
import { FluxError } from '../../base/index.ts';
import { countOutcomes } from '../../change/index.ts';
import { Recent } from '../../record/index.ts';
import type { Unverified } from '../../repository/index.ts';
import type { SyncReport, SyncRequest } from '../daemon/daemon.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/** Number of reports kept for late clients. */
const KEPT = 50;

/** Requested syncs, from queued to done. Requests during a queued sync share it. */
export class SyncReports {
  readonly #reports = new Recent<SyncReport>(KEPT);
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  #waiting: string | undefined;

  /** The report of the next sync; a new one unless one is queued already, which then overrides the window for all that wait for it. */
  ask({ overridesWindow = false }: SyncRequest = {}): SyncReport {
    const waiting = this.#waiting === undefined ? undefined : this.#reports.get(this.#waiting);
    if (waiting) {
      const joined: SyncReport = overridesWindow ? { ...waiting, overridesWindow } : waiting;
      this.#reports.set(joined.id, joined);
      return joined;
    }
    const report: SyncReport = {
      ...{ id: randomUUID(), state: 'queued', counts: {}, changes: [], errors: [], warnings: [] },
      ...(overridesWindow ? { overridesWindow } : {}),
    };
    this.#waiting = report.id;
    this.#reports.set(report.id, report);
    this.#ends.set(report.id, Promise.withResolvers());
    return report;
  }

  /** Resolves when the sync is done; at once for a finished or unknown one. */
  done(id: string): Promise<void> {
    return this.#ends.get(id)?.promise ?? Promise.resolve();
  }

  /** @throws FluxError `sync/unknown`. */
  get(id: string): SyncReport {
    const report = this.#reports.get(id);
    if (report) return report;
    throw new FluxError(`unknown sync ${JSON.stringify(id)}`, {
      code: 'sync/unknown',
      fault: 'missing',
      help: `The daemon keeps the last ${KEPT} requested syncs in memory until it restarts. Request a new one.`,
    });
  }

  /** Takes the queued request, if any; later requests need another sync. */
  take(startedAt: number): string | undefined {
    const id = this.#waiting;
    this.#waiting = undefined;
    if (id !== undefined) this.#reports.set(id, { ...this.get(id), state: 'running', startedAt });
    return id;
  }

  /**
   * @param unrecorded Why the sync could not be recorded in Git.
   * @param unverified What of the branch was not synced.
   */
  finish(
    id: string,
    { revision, previous, finishedAt, changes, errors, warnings }: SyncOutcome,
    unrecorded: FluxError | undefined,
    unverified: Unverified | undefined,
  ): void {
    this.#end({
      ...this.get(id),
      state: 'done',
      revision,
      ...(previous === undefined ? {} : { previous }),
      finishedAt,
      counts: countOutcomes(changes),
      changes: changes.filter(({ outcome }) => outcome !== 'unchanged'),
      errors,
      warnings: [...warnings, ...(unrecorded ? [{ error: unrecorded }] : [])],
      ...(unverified ? { unverified } : {}),
    });
  }

  fail(id: string, failure: FluxError, finishedAt: number): void {
    this.#end({ ...this.get(id), state: 'done', finishedAt, failure });
  }

  /** Fails the queued sync, since this daemon will not start it. */
  failWaiting(failure: FluxError, finishedAt: number): void {
    const id = this.take(finishedAt);
    if (id !== undefined) this.fail(id, failure, finishedAt);
  }

  #end(report: SyncReport): void {
    this.#reports.set(report.id, report);
    this.#ends.get(report.id)?.resolve();
    this.#ends.delete(report.id);
  }
}
