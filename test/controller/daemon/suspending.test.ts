import { expect, test } from 'vitest';
import { FluxError, silentLogger } from '../../../src/base/index.ts';
import { createSuspending } from '../../../src/controller/daemon/suspending.ts';
import { following, type Leadership, leading } from '../../../src/controller/leadership/leadership.ts';
import { createAutomationMemory } from '../../../src/controller/memory/automation-memory.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const WHO = { user: 'Ann', message: 'audit' };
const LEADS = leading(new AbortController().signal);

/** The daemon of a source, over a place that is shared with others. */
function daemonOf(data: Record<string, string>, leadership: Leadership = LEADS, error?: FluxError) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const trouble = () => {
    if (error) throw error;
  };
  const store = {
    name: 'flux-1',
    read: async () => {
      trouble();
      return { ...data };
    },
    write: async (more: Readonly<Record<string, string>>) => {
      trouble();
      Object.assign(data, more);
    },
  };
  const log = silentLogger();
  const memory = createAutomationMemory({ store, clock, log, stopping: new AbortController().signal });
  const loop = { ask: (...steps: readonly string[]) => void asked.push(...steps) };
  return { asked, ...createSuspending({ name: 'shop', memory, leadership: () => leadership, loop, clock, log }) };
}

test('a suspension and its end are in every answer, of the leader and of daemons on standby, and wake automation', async () => {
  const data = {};
  const leader = daemonOf(data);
  const standby = daemonOf(data, following('flux-1'));
  const suspended = {
    source: 'shop',
    suspension: { ...WHO, since: Date.parse('2030-01-01T00:00:00Z') },
    memory: { in: 'cluster' },
  };
  expect(await leader.automation()).toEqual([{ source: 'shop', memory: { in: 'cluster' } }]);
  expect(await leader.suspendAutomation(WHO)).toEqual([suspended]);
  expect([await leader.automation(), await standby.automation()]).toEqual([[suspended], [suspended]]);
  expect(leader.asked).toEqual(['automate']);
  const resumed = [{ source: 'shop', memory: { in: 'cluster' } }];
  expect(await leader.resumeAutomation(WHO)).toEqual(resumed);
  expect([await leader.automation(), await standby.automation()]).toEqual([resumed, resumed]);
  expect(await leader.resumeAutomation(WHO)).toEqual(resumed);
});

test('a daemon on standby refuses both', async () => {
  const { suspendAutomation, resumeAutomation } = daemonOf({}, following('flux-1'));
  await expect(suspendAutomation(WHO)).rejects.toMatchObject({ code: 'lease/elsewhere' });
  await expect(resumeAutomation(WHO)).rejects.toMatchObject({ code: 'lease/elsewhere' });
});

test('without a place for it, nothing is suspended, and the other way is named', async () => {
  const outside = new FluxError('outside of the cluster', { code: 'memory/no-namespace' });
  const { suspendAutomation, resumeAutomation, automation } = daemonOf({}, LEADS, outside);
  await expect(suspendAutomation(WHO)).rejects.toMatchObject({
    code: 'memory/not-kept',
    message: 'automation is not suspended: fluxd has no place to keep this over a restart: outside of the cluster',
    help: expect.stringContaining('fluxctl suspend --workload='),
  });
  const state = [{ source: 'shop', memory: { in: 'process', why: outside } }];
  expect([await automation(), await resumeAutomation(WHO)]).toEqual([state, state]);
});

test('while the API server cannot be asked, the state says so', async () => {
  const down = new FluxError('connection refused', { code: 'cluster/unreachable' });
  const { automation, suspendAutomation } = daemonOf({}, LEADS, down);
  expect(await automation()).toEqual([{ source: 'shop', memory: { in: 'unread', why: down } }]);
  await expect(suspendAutomation(WHO)).rejects.toBe(down);
});
