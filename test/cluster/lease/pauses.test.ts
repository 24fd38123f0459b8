import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { sampled } from '../../support/sampled.ts';
import { type Random, randomOf } from '../prune/gc-rounds/random.ts';
import { type Daemon, Server, settle, start, stopAll } from './simulation.ts';

afterEach(stopAll);

const PAUSES = 50;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

const total = { pauses: 0, takenOver: 0, writes: 0, held: 0 };
afterAll(() => {
  const { pauses, takenOver, writes, held } = total;
  console.log(
    `${pauses} pauses, in ${takenOver} of which another took over: ${writes} writes by who held the lease, ${held} held back, 0 others`,
  );
});

/** Long enough to lose the lease, or not, or just about. */
function length(random: Random): number {
  const shortest = random.pick([0, 6_500, 9_500, 12_000]);
  return shortest + random.below(shortest === 12_000 ? 60_000 : 1_500);
}

class Run {
  readonly #server = new Server();
  readonly #random: Random;
  readonly #daemons: readonly Daemon[];

  constructor(seed: number) {
    this.#random = randomOf(seed);
    // By clocks that are up to an hour apart.
    this.#daemons = ['a_1', 'b_2', 'c_3'].map((name) =>
      start(this.#server, name, { ahead: this.#random.below(7_200_000) - 3_600_000 }),
    );
  }

  /** Everybody who is awake writes whenever they may; and may only while the API server has the Lease in their name. */
  #write(daemon: Daemon): void {
    try {
      daemon.fence.check();
    } catch {
      total.held += 1;
      return;
    }
    total.writes += 1;
    expect(this.#server.spec?.holderIdentity).toBe(daemon.identity);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; ) {
      const step = Math.min(ms - passed, 50 + this.#random.below(450));
      passed += step;
      const awake = this.#daemons.filter(({ paused }) => !paused);
      for (const { clock } of awake) clock.advance(step);
      await settle();
      for (const daemon of awake) this.#write(daemon);
    }
  }

  async leader(): Promise<Daemon> {
    for (let waited = 0; waited < 60_000; waited += 500) {
      const leader = this.#daemons.find((daemon) => daemon.leads());
      if (leader) return leader;
      await this.pass(500);
    }
    throw new Error('nobody leads');
  }

  /** The process is stopped, or its machine sleeps, at any point, also between a renewal and its answer. */
  async pause(): Promise<void> {
    const random = this.#random;
    const victim = await this.leader();
    await this.pass(random.below(3_000));
    const { promise, resolve } = Promise.withResolvers<void>();
    if (random.chance(0.3)) {
      this.#server.answering = promise;
      victim.clock.advance(random.below(2_000));
      await settle();
      this.#server.answering = undefined;
    }
    const wasLeader = this.#server.spec?.holderIdentity === victim.identity;
    victim.paused = true;
    const slept = length(random);
    await this.pass(slept);
    if (wasLeader && this.#server.spec?.holderIdentity !== victim.identity) total.takenOver += 1;
    total.pauses += 1;

    resolve();
    victim.paused = false;
    if (random.chance(0.5)) victim.clock.advance(slept);
    else victim.clock.setBy(slept); // the even clock of a machine that sleeps may stand still
    // What it was about to write goes out before it has looked at anything, or at any point while it does.
    for (let at = 0; at < 30; at += 1) {
      this.#write(victim);
      await turn();
    }
  }
}

test.for(sampled('runs of 50 pauses', SEEDS, 1))(
  'run %i: a leader that is paused writes nothing after it has lost the lease (R-064)',
  async (seed) => {
    const run = new Run(seed);
    await settle();
    for (let count = 0; count < PAUSES; count += 1) {
      await run.pause();
      await run.pass(1_000);
    }
  },
);
