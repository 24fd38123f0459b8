import { expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { Daemon } from '../../src/controller/index.ts';
import { fluxctl, ScriptedDaemon } from './daemon.ts';
import { run } from './own-api.ts';

const CART = 'shop:deployment/cart';
const USER = ['--user', 'Ann <ann@example.org>'];
const SINCE = Date.parse('2026-12-01T10:00:00Z');
const state = (message: string, user = 'Ann <ann@example.org>') => ({ user, message, since: SINCE });

test('suspends all automation, and says what is so now', async () => {
  const { code, lines, calls } = await run(
    { suspendAutomation: async () => [{ source: 'default', suspension: state('audit'), memory: { in: 'cluster' } }] },
    ...['suspend', '-m', 'audit', ...USER],
  );
  expect([code, lines, calls]).toEqual([
    0,
    '1 automation is suspended since 2026-12-01T10:00:00.000Z by Ann <ann@example.org>: audit\n',
    [],
  ]);
});

test('resumes it, and sends who and why', async () => {
  const { code, lines, calls } = await run({}, 'resume', '-m', 'done', ...USER);
  expect([code, lines]).toEqual([0, '1 automation is not suspended\n']);
  expect(calls).toEqual([{ name: 'resumeAutomation', argument: { user: 'Ann <ann@example.org>', message: 'done' } }]);
});

test('names the sources of a daemon that has several, and prints JSON', async () => {
  const automation: Daemon['suspendAutomation'] = async () => [
    { source: 'a', suspension: state('', ''), memory: { in: 'cluster' } },
    { source: 'b', memory: { in: 'cluster' } },
  ];
  const { lines } = await run({ suspendAutomation: automation }, 'suspend', '--user=');
  expect(lines).toBe(
    '1 source a: automation is suspended since 2026-12-01T10:00:00.000Z\n1 source b: automation is not suspended\n',
  );
  const { stdout } = await run({ suspendAutomation: automation }, 'suspend', '--user=', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ sources: [{ name: 'a' }, { name: 'b', memory: { in: 'cluster' } }] });
});

test('a suspension that would not last fails, with what to do', async () => {
  const refusal = new FluxError('automation is not suspended: forbidden', {
    code: 'memory/not-kept',
    fault: 'user',
    help: 'Grant the right.',
  });
  const { code, stdout, stderr } = await run({ suspendAutomation: () => Promise.reject(refusal) }, 'suspend', '--user=');
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('automation is not suspended: forbidden');
  expect(stderr).toContain('Grant the right.');
});

test('one workload is suspended in Git, with who and why', async () => {
  const job = async () => ({ state: 'succeeded', error: '', result: {} }) as const;
  const { code, calls } = await run({ job }, 'suspend', '-w', CART, '-m', 'audit', ...USER);
  expect(code).toBe(0);
  expect(calls).toMatchObject([
    {
      name: 'update',
      argument: {
        type: 'policy',
        cause: { Message: 'audit', User: 'Ann <ann@example.org>' },
        spec: {
          [CART]: { add: { suspend: 'true', suspend_user: 'Ann <ann@example.org>', suspend_msg: 'audit' }, remove: {} },
        },
      },
    },
  ]);
  const resumed = await run({ job }, 'resume', '-w', CART, ...USER);
  expect(resumed.calls).toMatchObject([
    { argument: { spec: { [CART]: { add: {}, remove: { suspend: 'true', suspend_user: 'true', suspend_msg: 'true' } } } } },
  ]);
});

test.each([[['suspend']], [['resume']], [['suspend', '-w', CART]], [['resume', '-w', CART]]])(
  '%j is refused plainly beside a Flux v1, which would not do it',
  async (line) => {
    await using daemon = await ScriptedDaemon.start({});
    const { code, stderr } = await fluxctl([...line, '--user=', '--url', daemon.url]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Error: this daemon cannot ${line[0]} automation: it is a Flux v1, or older than this fluxctl\n`);
    expect(daemon.requests.filter(({ path }) => path.includes('update-manifests'))).toEqual([]);
  },
);

test('status says that automation is suspended, before all else', async () => {
  const automation = async () => [{ source: 'default', suspension: state('audit'), memory: { in: 'cluster' } } as const];
  const { code, stdout } = await run({ automation }, 'status');
  expect([code, stdout]).toEqual([
    0,
    'automation is suspended since 2026-12-01T10:00:00.000Z by Ann <ann@example.org>: audit; fluxctl resume ends that\nnothing has been synced yet\n',
  ]);
});
