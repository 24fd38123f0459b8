import { asFluxError, type Clock, type ElectionHandlers, FluxError, hasCode, type Logger } from '../../base/index.ts';
import { microTime } from '../object/micro-time.ts';
import { type Fence, type Moment, momentOf } from './fence.ts';
import type { Lease, LeaseSpec, LeaseStore } from './lease-store.ts';
import { release } from './release.ts';

export interface ElectionOptions {
  readonly leases: LeaseStore;
  /** Our unique identity. */
  readonly identity: string;
  readonly fence: Fence;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Duration of a lease: other candidates wait this long after they saw it renewed. */
const LEASE_MS = 10_000;
/**
 * The holder writes for this long after the start of its last confirmed renewal. The rest of the lease is a margin for requests in
 * flight, and for clocks that run at different speeds.
 */
export const HOLD_MS = 7_000;
const RENEW_MS = 2_000;
const RETRY_MS = 1_000;
const REQUEST_MS = 5_000;
const ALONE_MS = 30_000;

/** Errors that mean that leases are not available: no right to them, an API server without them, or no namespace for them (yet). */
const UNAVAILABLE = new Set([
  'cluster/forbidden',
  'cluster/not-found',
  'cluster/unknown-resource',
  'cluster/not-supported',
  'cluster/namespace-missing',
]);

/**
 * Participates in an election by a Lease, as client-go does: a lease has expired if it was not seen to change for its duration, by the
 * observer's clock. Times in it are never compared. Ends when the signal aborts, after releasing a held lease.
 */
export async function runElection(options: ElectionOptions, handlers: ElectionHandlers, signal: AbortSignal): Promise<void> {
  const candidate = new Candidate(options, handlers);
  while (!signal.aborted) {
    const pause = await candidate.turn(signal);
    await options.clock.sleep(pause, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  await candidate.resign();
}

class Candidate {
  readonly #options: ElectionOptions;
  readonly #handlers: ElectionHandlers;
  #term: AbortController | undefined;
  /** The last observed lease, and since when it is unchanged. */
  #seen: { readonly lease: Lease; readonly since: Moment } | undefined;
  /** Whether the API server has responded about leases: from then on a rejection is an error rather than a cluster without leases. */
  #answered = false;
  /** Whether we lead without a lease. */
  #alone = false;
  #leader: string | undefined;
  #trouble: string | undefined;
  /** Number of consecutive failed reads. */
  #failures = 0;

  constructor(options: ElectionOptions, handlers: ElectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    options.fence.close();
  }

  /** Reads the lease, and acquires or renews it if appropriate. Resolves to the delay before the next read. */
  async turn(signal: AbortSignal): Promise<number> {
    const { clock, fence } = this.#options;
    this.#loseIfLate();
    using deadline = clock.deadline(Math.min(REQUEST_MS, this.#term ? fence.remainingMs : REQUEST_MS), signal);
    try {
      await this.#look(deadline.signal);
      this.#answered = true;
      this.#trouble = undefined;
      this.#failures = 0;
      this.#loseIfLate();
    } catch (thrown) {
      if (signal.aborted) return 0;
      const error = asFluxError(thrown, { code: 'lease/failed' });
      if (this.#alone || (!this.#answered && UNAVAILABLE.has(error.code))) return this.#goAlone(error);
      this.#loseIfLate(error);
      this.#failures += 1;
      // A single lost request is not reported: the next read is a second away.
      if (!this.#term && this.#failures > 1) this.#report(error);
      return Math.min(RETRY_MS, this.#term ? fence.remainingMs : RETRY_MS);
    }
    return this.#term ? RENEW_MS : Math.min(RENEW_MS, this.#untilFree());
  }

  /** Releases the lease, so that the next daemon leads at once. */
  async resign(): Promise<void> {
    const held = this.#term !== undefined && !this.#alone;
    this.#term?.abort(new Error('this daemon stops'));
    this.#term = undefined;
    this.#options.fence.close();
    if (!held) return;
    await release(this.#options);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { leases, identity, clock } = this.#options;
    let moment = momentOf(clock);
    const known = this.#term && !this.#alone ? this.#seen?.lease : undefined;
    if (known?.holder === identity) {
      const renewed = await this.#write(() => leases.replace(this.#spec(known), known.resourceVersion, signal));
      if (renewed) return this.#hold(renewed, moment, false);
    }
    const lease = await leases.read(signal);
    if (lease) this.#see(lease);
    if (lease && lease.holder !== '' && lease.holder !== identity && this.#untilFree() > 0) return this.#follow(lease.holder);
    moment = momentOf(clock);
    const taken = await this.#write(() =>
      lease ? leases.replace(this.#spec(lease), lease.resourceVersion, signal) : leases.create(this.#spec(undefined), signal),
    );
    // The next read shows the winner.
    if (!taken) throw new FluxError('another daemon wrote the lease at the same time', { code: 'lease/raced' });
    this.#hold(taken, moment, lease ? lease.holder !== identity : this.#answered);
  }

  /** Undefined if the lease has changed since our last read. */
  async #write(write: () => Promise<Lease>): Promise<Lease | undefined> {
    try {
      return await write();
    } catch (error) {
      const isLate = hasCode(error, 'cluster/conflict');
      const isGone = hasCode(error, 'cluster/not-found') && this.#answered;
      if (isLate || isGone) return undefined;
      throw error;
    }
  }

  #spec(lease: Lease | undefined): LeaseSpec {
    const { identity, clock } = this.#options;
    const time = microTime(clock.now());
    const isOurs = lease?.holder === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_MS / 1000,
      acquireTime: (isOurs ? lease.acquireTime : undefined) ?? time,
      renewTime: time,
      leaseTransitions: (lease?.transitions ?? 0) + (lease && !isOurs ? 1 : 0),
    };
  }

  #see(lease: Lease): void {
    if (this.#seen?.lease.state === lease.state) this.#seen = { ...this.#seen, lease };
    else this.#seen = { lease, since: momentOf(this.#options.clock) };
  }

  /** Milliseconds until the observed lease expires. */
  #untilFree(): number {
    if (!this.#seen) return 0;
    const { lease, since } = this.#seen;
    // Bounds a foreign duration; our own holders renew long before.
    return Math.max(0, since.monotonic + Math.min(lease.durationMs, LEASE_MS) - this.#options.clock.monotonic());
  }

  #hold(lease: Lease, since: Moment, afterAnother: boolean): void {
    const { fence, log, identity } = this.#options;
    this.#see(lease);
    fence.openFor(HOLD_MS, since);
    if (this.#alone) log.info({ holder: identity }, 'lease acquired; other daemons can now stand by');
    this.#alone = false;
    if (this.#term) return;
    log.info({ holder: identity, transitions: lease.transitions }, 'lease acquired');
    this.#lead(afterAnother);
  }

  #lead(afterAnother: boolean): void {
    this.#leader = undefined;
    this.#term = new AbortController();
    this.#handlers.onLead(this.#term.signal, { afterAnother });
  }

  #goAlone(error: FluxError): number {
    if (!this.#alone) {
      this.#options.log.warn(
        { err: error },
        'running without a lease: nothing prevents a second fluxd for this source from writing as well; run one replica, or grant the right to leases',
      );
      this.#alone = true;
      this.#options.fence.open();
      this.#lead(false);
    }
    return ALONE_MS;
  }

  #follow(holder: string): void {
    this.#alone = false;
    const leader = nameOf(holder);
    this.#lose(new FluxError(`${leader} holds the lease now`, { code: 'lease/lost' }));
    if (this.#leader === leader) return;
    this.#leader = leader;
    this.#options.log.info({ leader }, 'waiting: another fluxd leads');
    this.#handlers.onFollow(leader);
  }

  #loseIfLate(cause?: FluxError): void {
    if (!this.#term || this.#options.fence.isOpen) return;
    const why = cause ? `: ${cause.message}` : '';
    this.#lose(new FluxError(`the lease could not be renewed in time${why}`, { code: 'lease/lost', cause }));
  }

  #lose(reason: FluxError): void {
    this.#options.fence.close();
    if (!this.#term) return;
    this.#options.log.warn({ err: reason }, 'lease lost; writes have stopped');
    const term = this.#term;
    this.#term = undefined;
    term.abort(reason);
  }

  #report(error: FluxError): void {
    this.#leader = undefined;
    if (this.#trouble !== error.message) this.#options.log.warn({ err: error }, 'lease unavailable; nothing is written');
    this.#trouble = error.message;
    this.#handlers.onTrouble(error);
  }
}

/** The readable part of an identity: the name of a pod, or of a machine. */
function nameOf(holder: string): string {
  return holder.replace(/_[^_]*$/, '');
}
