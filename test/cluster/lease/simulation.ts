import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { FluxError, silentLogger } from '../../../src/base/index.ts';
import { runElection } from '../../../src/cluster/lease/election.ts';
import { Fence } from '../../../src/cluster/lease/fence.ts';
import type { Lease, LeaseSpec, LeaseStore } from '../../../src/cluster/lease/lease-store.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** One Lease, kept as an API server does: a writer who saw an older version is refused. */
export class Server implements LeaseStore {
  spec: LeaseSpec | undefined;
  version = 0;
  writes = 0;
  /** Thrown in place of an answer. */
  down: FluxError | undefined;
  /** The next request comes to nothing. */
  losesNext = false;
  /** Called before each write is carried out. */
  beforeWrite: (() => void) | undefined;
  /** While set, what was carried out is answered only when it resolves. */
  answering: Promise<void> | undefined;

  async read(): Promise<Lease | undefined> {
    this.#failIfDown();
    return this.spec && this.#lease(this.spec);
  }

  async create(spec: LeaseSpec): Promise<Lease> {
    return this.#write(spec, this.spec === undefined);
  }

  async replace(spec: LeaseSpec, resourceVersion: string): Promise<Lease> {
    if (this.spec === undefined) throw failure('cluster/not-found');
    return this.#write(spec, () => resourceVersion === String(this.version));
  }

  async #write(spec: LeaseSpec, allowed: boolean | (() => boolean)): Promise<Lease> {
    this.#failIfDown();
    this.beforeWrite?.();
    if (!(typeof allowed === 'boolean' ? allowed : allowed())) throw failure('cluster/conflict');
    this.spec = spec;
    this.version += 1;
    this.writes += 1;
    const lease = this.#lease(spec);
    await this.answering;
    return lease;
  }

  #failIfDown(): void {
    const isLost = this.losesNext;
    this.losesNext = false;
    if (this.down || isLost) throw this.down ?? unreachable;
  }

  #lease(spec: LeaseSpec): Lease {
    return {
      holder: spec.holderIdentity,
      durationMs: spec.leaseDurationSeconds * 1000,
      acquireTime: spec.acquireTime,
      transitions: spec.leaseTransitions,
      resourceVersion: String(this.version),
      state: JSON.stringify(spec),
    };
  }
}

export function failure(code: string): FluxError {
  return new FluxError(`${code} it is`, { code });
}

export const unreachable = failure('cluster/unreachable');

export interface Daemon {
  readonly identity: string;
  readonly clock: ManualClock;
  readonly fence: Fence;
  /** Everything it was told, in order. */
  readonly told: string[];
  leads(): boolean;
  /** Nothing happens in it while it is paused, though time passes. */
  paused: boolean;
  /** As SIGKILL: it never does anything again. */
  killed: boolean;
  stop(): Promise<void>;
}

let daemons: Daemon[] = [];

/** To be called after each test. */
export async function stopAll(): Promise<void> {
  const all = daemons;
  await Promise.all(all.filter(({ killed }) => !killed).map((daemon) => daemon.stop()));
  daemons = [];
}

export function start(server: Server, identity: string, { ahead = 0 } = {}): Daemon {
  const clock = new ManualClock(Date.parse('2030-01-01T00:00:00Z') + ahead);
  const fence = new Fence(clock);
  const stopping = new AbortController();
  const told: string[] = [];
  let term: AbortSignal | undefined;
  const handlers = {
    onLead(signal: AbortSignal, { afterAnother }: { afterAnother: boolean }) {
      term = signal;
      told.push(afterAnother ? 'leads after another' : 'leads');
      signal.addEventListener('abort', () => told.push('lost'));
    },
    onFollow: (leader: string) => told.push(`follows ${leader}`),
    onTrouble: ({ code }: FluxError) => told.push(code),
  };
  const ended = runElection({ leases: server, identity, fence, clock, log: silentLogger() }, handlers, stopping.signal);
  const daemon: Daemon = {
    identity,
    clock,
    fence,
    told,
    leads: () => term !== undefined && !term.aborted && fence.isOpen,
    paused: false,
    killed: false,
    async stop() {
      daemons = daemons.filter((other) => other !== daemon);
      stopping.abort();
      await ended;
    },
  };
  daemons.push(daemon);
  return daemon;
}

/** Lets what can happen now happen. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await turn();
}

const STEP = 100;

/** Time passes for everybody; resolves to how much had passed when `done` became true. */
export async function pass(ms: number, done: () => boolean = () => false): Promise<number> {
  await settle();
  for (let passed = 0; ; passed += STEP) {
    // Two that write at once are no two leaders that wait for each other.
    expect(daemons.filter((daemon) => !daemon.killed && !daemon.paused && daemon.leads()).length).toBeLessThanOrEqual(1);
    if (passed >= ms || done()) return passed;
    for (const { clock, paused, killed } of daemons) if (!paused && !killed) clock.advance(STEP);
    await settle();
  }
}

/** The paused one wakes up: its clocks have gone on without it. */
export async function wake(daemon: Daemon, ms: number): Promise<void> {
  daemon.paused = false;
  daemon.clock.advance(ms);
}
