import { afterEach, describe, expect, test } from 'vitest';
import type { LeaseSpec } from '../../../src/cluster/lease/lease-store.ts';
import { failure, pass, Server, settle, start, stopAll, unreachable, wake } from './simulation.ts';

afterEach(stopAll);

describe('taking the lease', () => {
  test('the first one leads at once, writes the Lease as client-go does, and renews it every two seconds', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(0);
    expect(first.told).toEqual(['leads']);
    expect(server.spec).toEqual({
      holderIdentity: 'a_1',
      leaseDurationSeconds: 10,
      acquireTime: '2030-01-01T00:00:00.000000Z',
      renewTime: '2030-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    await pass(60_000);
    expect(first.told).toEqual(['leads']);
    expect(server.writes).toBe(31);
    expect(server.spec).toMatchObject({ acquireTime: '2030-01-01T00:00:00.000000Z', renewTime: '2030-01-01T00:01:00.000000Z' });
  });

  test('others wait, and name the one who leads', async () => {
    const server = new Server();
    start(server, 'flux-77-abc_uid-1');
    await pass(0);
    const second = start(server, 'flux-77-def_uid-2');
    await pass(60_000);
    expect(second.told).toEqual(['follows flux-77-abc']);
    expect(() => second.fence.check()).toThrow(expect.objectContaining({ code: 'lease/not-held' }));
  });

  test('of many who start together one leads, also when all saw no Lease', async () => {
    const server = new Server();
    const all = ['a', 'b', 'c', 'd'].map((name) => start(server, `${name}_1`));
    await pass(10_000);
    expect(all.map((daemon) => daemon.leads()).filter(Boolean)).toHaveLength(1);
    expect(all.flatMap(({ told }) => told).filter((word) => word.startsWith('follows'))).toHaveLength(3);
  });

  test('a container that is restarted in its pod leads at once: nobody else can be called so', async () => {
    const server = new Server();
    const before = start(server, 'a_1');
    await pass(3_000);
    before.killed = true;
    const after = start(server, 'a_1');
    await pass(0);
    expect(after.told).toEqual(['leads']);
    expect(server.spec).toMatchObject({ leaseTransitions: 0 });
  });

  test('a Lease that a person wrote without a holder is free', async () => {
    const server = new Server();
    server.spec = { holderIdentity: '', leaseDurationSeconds: 15, acquireTime: '', renewTime: '', leaseTransitions: 4 };
    const daemon = start(server, 'a_1');
    await pass(0);
    expect(daemon.told).toEqual(['leads after another']);
    expect(server.spec).toMatchObject({ holderIdentity: 'a_1', leaseTransitions: 5 });
  });
});

test.for([86_400, 11])(
  'a duration of %i s that a stranger wrote is not believed: another leads as if it were ours',
  async (duration) => {
    const server = new Server();
    server.spec = {
      holderIdentity: 'stranger',
      leaseDurationSeconds: duration,
      acquireTime: '2030-01-01T00:00:00.000000Z',
      renewTime: '2030-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    };
    const daemon = start(server, 'a_1');
    expect(await pass(60_000, () => daemon.leads())).toBeLessThanOrEqual(12_000);
    expect(daemon.told).toEqual(['follows stranger', 'leads after another']);
  },
);

describe('fail-over', () => {
  test.for([0, 500, 1_900])('another leads within 12 s of the death of the leader (%i ms after a renewal)', async (since) => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(700);
    const second = start(server, 'b_2');
    await pass(5_300 + since);
    first.killed = true;
    const took = await pass(60_000, () => second.leads());
    expect(took).toBeGreaterThanOrEqual(10_000 - since);
    expect(took).toBeLessThanOrEqual(12_000);
    expect(second.told).toEqual(['follows a', 'leads after another']);
    expect(server.spec).toMatchObject({ holderIdentity: 'b_2', leaseTransitions: 1 });
  });

  test('a leader that stops in order gives the lease up, and another leads within two seconds', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(0);
    const second = start(server, 'b_2');
    await pass(7_000);
    await first.stop();
    expect(first.fence.isOpen).toBe(false);
    expect(server.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    expect(await pass(60_000, () => second.leads())).toBeLessThanOrEqual(2_000);
  });

  test('a leader that stops gives the lease up, though one request for it is lost', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(0);
    const second = start(server, 'b_2');
    await pass(7_000);
    server.losesNext = true;
    const stopped = first.stop();
    await settle();
    first.clock.advance(1_000);
    await stopped;
    expect(server.losesNext).toBe(false);
    expect(server.spec).toMatchObject({ holderIdentity: '' });
    expect(await pass(60_000, () => second.leads())).toBeLessThanOrEqual(2_000);
  });

  test('who waits gives nothing up when it stops', async () => {
    const server = new Server();
    start(server, 'a_1');
    await pass(0);
    const second = start(server, 'b_2');
    await pass(3_000);
    await second.stop();
    expect(server.spec).toMatchObject({ holderIdentity: 'a_1' });
  });
});

describe('losing the lease', () => {
  test('one request that is lost is told to nobody: not by who begins, who leads or who waits', async () => {
    const server = new Server();
    server.losesNext = true;
    const first = start(server, 'a_1');
    await pass(4_000);
    expect(first.told).toEqual(['leads']);
    server.losesNext = true;
    await pass(4_000);
    server.losesNext = true;
    const second = start(server, 'b_2');
    await pass(4_000);
    expect(second.told).toEqual(['follows a']);
    for (let n = 0; n < 10; n += 1) {
      server.losesNext = true;
      await pass(4_000);
    }
    expect(server.losesNext).toBe(false);
    expect([first.told, second.told]).toEqual([['leads'], ['follows a']]);
  });

  test('a leader that cannot renew stops three seconds before another may take over, and says why', async () => {
    const server = new Server();
    const daemon = start(server, 'a_1');
    await pass(6_000);
    server.down = unreachable;
    expect(await pass(60_000, () => !daemon.leads())).toBe(7_000);
    await pass(1_000);
    expect(daemon.told).toEqual(['leads', 'lost', 'cluster/unreachable', 'cluster/unreachable']);
    expect(() => daemon.fence.check()).toThrow('does not hold the lease');
  });

  test('a short outage loses nothing', async () => {
    const server = new Server();
    const daemon = start(server, 'a_1');
    await pass(6_000);
    server.down = unreachable;
    await pass(5_500);
    server.down = undefined;
    await pass(20_000);
    expect(daemon.told).toEqual(['leads']);
  });

  test('after a long outage the same one goes on within a second, when nobody took the lease', async () => {
    const server = new Server();
    const daemon = start(server, 'a_1');
    await pass(6_000);
    server.down = unreachable;
    await pass(300_000);
    server.down = undefined;
    expect(await pass(60_000, () => daemon.leads())).toBeLessThanOrEqual(1_000);
    expect(daemon.told.at(-1)).toBe('leads');
  });

  test('a leader whose lease somebody took stops at its next renewal', async () => {
    const server = new Server();
    const daemon = start(server, 'a_1');
    await pass(6_000);
    const stolen = new Server();
    stolen.spec = { holderIdentity: 'c_3', leaseDurationSeconds: 10, acquireTime: 't', renewTime: 't', leaseTransitions: 9 };
    server.spec = stolen.spec;
    server.version += 1;
    await pass(2_000, () => !daemon.leads());
    await pass(100);
    expect(daemon.told).toEqual(['leads', 'lost', 'follows c']);
    // The thief does not renew.
    await pass(12_000, () => daemon.leads());
    expect(server.spec).toMatchObject({ holderIdentity: 'a_1', leaseTransitions: 10 });
  });

  test('a Lease that somebody deleted is made anew, by one', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(0);
    const second = start(server, 'b_2');
    await pass(5_000);
    server.spec = undefined;
    await pass(20_000);
    expect([first, second].filter((daemon) => daemon.leads())).toHaveLength(1);
    expect(server.spec).toBeDefined();
  });

  test('a renewal that meets another writer of the Lease is made again, and the lease kept', async () => {
    const server = new Server();
    const daemon = start(server, 'a_1');
    await pass(5_000);
    server.beforeWrite = () => {
      server.beforeWrite = undefined;
      server.version += 1; // a label, say
    };
    await pass(20_000);
    expect(server.beforeWrite).toBeUndefined();
    expect(daemon.told).toEqual(['leads']);
  });
});

describe('a leader that was paused', () => {
  test('finds the fence shut before anything else, and follows the one who took over', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(0);
    const second = start(server, 'b_2');
    await pass(5_000);
    first.paused = true;
    await pass(20_000, () => second.leads());
    void wake(first, 15_000);
    expect(() => first.fence.check()).toThrow('does not hold the lease');
    await pass(10_000);
    expect(first.told).toEqual(['leads', 'lost', 'follows b']);
    expect(second.leads()).toBe(true);
  });

  test('does so when only the time of day went on while it slept, and when somebody set the time back', async () => {
    const server = new Server();
    const daemon = start(server, 'a_1');
    await pass(1_000);
    daemon.clock.setBy(3_600_000);
    expect(daemon.fence.isOpen).toBe(false);
    await pass(3_000);
    expect(daemon.told).toEqual(['leads', 'lost', 'leads']);
    daemon.clock.setBy(-7_200_000);
    expect(daemon.fence.isOpen).toBe(true);
    server.down = unreachable;
    await pass(7_000);
    expect(daemon.fence.isOpen).toBe(false);
  });

  test('with the answer to a renewal on its way: the time counts from when the renewal was sent', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(1_900);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.answering = promise;
    first.clock.advance(100);
    await settle();
    server.answering = undefined;
    const second = start(server, 'b_2');
    first.paused = true;
    await pass(20_000, () => second.leads());
    resolve();
    void wake(first, 10_000);
    await settle();
    expect(first.leads()).toBe(false);
    await pass(5_000);
    expect(first.told).toEqual(['leads', 'lost', 'follows b']);
  });
});

test.for([3_600_000, -3_600_000])('clocks that are %i ms apart change nothing', async (ahead) => {
  const server = new Server();
  const first = start(server, 'a_1');
  await pass(0);
  const second = start(server, 'b_2', { ahead });
  await pass(60_000);
  expect(second.told).toEqual(['follows a']);
  first.killed = true;
  const took = await pass(60_000, () => second.leads());
  expect(took).toBeGreaterThanOrEqual(8_000);
  expect(took).toBeLessThanOrEqual(12_000);
});

describe('where there are no Leases', () => {
  test.for(['cluster/forbidden', 'cluster/unknown-resource', 'cluster/namespace-missing'])(
    '(%s) one leads without, and takes the lease when there can be one',
    async (code) => {
      const server = new Server();
      server.down = failure(code);
      const daemon = start(server, 'a_1');
      await pass(100_000);
      expect(daemon.told).toEqual(['leads']);
      expect(daemon.fence.isOpen).toBe(true);
      server.down = undefined;
      await pass(31_000, () => server.spec !== undefined);
      const second = start(server, 'b_2');
      await pass(20_000);
      expect(daemon.told).toEqual(['leads']);
      expect(second.told).toEqual(['follows a']);
      // From now on it is bound by the lease.
      server.down = unreachable;
      await pass(7_000);
      expect(daemon.fence.isOpen).toBe(false);
    },
  );

  test('it follows when the right shows that another leads', async () => {
    const server = new Server();
    server.down = failure('cluster/forbidden');
    const daemon = start(server, 'a_1');
    await pass(5_000);
    server.down = undefined;
    const renewed = (second: number): LeaseSpec => ({
      holderIdentity: 'b_2',
      leaseDurationSeconds: 10,
      acquireTime: 't',
      renewTime: `t${second}`,
      leaseTransitions: 0,
    });
    server.spec = renewed(0);
    await pass(31_000, () => !daemon.leads());
    await pass(0);
    expect(daemon.told).toEqual(['leads', 'lost', 'follows b']);
  });

  test('a right that is taken away from one who leads or waits is trouble: it does not write without a lease', async () => {
    const server = new Server();
    const first = start(server, 'a_1');
    await pass(0);
    const second = start(server, 'b_2');
    await pass(5_000);
    server.down = failure('cluster/forbidden');
    await pass(60_000);
    expect([first.leads(), second.leads()]).toEqual([false, false]);
    expect(second.told.at(-1)).toBe('cluster/forbidden');
  });

  test('an API server that is down at the start is waited for', async () => {
    const server = new Server();
    server.down = unreachable;
    const daemon = start(server, 'a_1');
    await pass(30_000);
    expect(daemon.leads()).toBe(false);
    server.down = undefined;
    expect(await pass(10_000, () => daemon.leads())).toBeLessThanOrEqual(1_000);
  });
});
