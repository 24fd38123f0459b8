import { describe, expect, test } from 'vitest';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const AWAY = { status: 503, body: 'no upstream' };
const SILENCE = { silent: true };
const away = (times: number) => Array<typeof AWAY>(times).fill(AWAY);
/** Requests of one question that comes to nothing. */
const ATTEMPTS = 3;
const WARNING = 'Warning: no answer from the daemon, retrying: executing HTTP request: 503 Service Unavailable no upstream';

const run = async (script: Script, line: readonly string[], options: Parameters<typeof fluxctl>[2] = {}) => {
  await using daemon = await ScriptedDaemon.start(script);
  return { ...(await fluxctl([...line, '--url', daemon.url], {}, options)), requests: daemon.requests };
};
const RELEASE = ['release', '--all', '--update-all-images', '--user=ann'];
const SUBMIT = 'POST /flux/v9/update-manifests';
const JOB = 'GET /flux/v6/jobs';
const succeeded = { Result: { result: {} }, Err: '', StatusString: 'succeeded' };

describe('a daemon that is away for a while', () => {
  test('is waited for with a job, and that is said once', async () => {
    const { code, stderr } = await run({ [SUBMIT]: ['job-1'], [JOB]: [...away(3 * ATTEMPTS), succeeded] }, RELEASE);
    expect(stderr.split('\n')).toEqual(['Submitting release ...', WARNING, 'The daemon answers again.', '']);
    expect(code).toBe(0);
  });

  test('for longer than --timeout: it is told what may have been done', async () => {
    const { code, stderr, requests } = await run({ [SUBMIT]: ['job-1'], [JOB]: [AWAY] }, [...RELEASE, '--timeout=5s']);
    expect(stderr.split('\n')).toEqual([
      'Submitting release ...',
      WARNING,
      'We timed out waiting for the result of the operation. It may still',
      'be queued or running, and may yet succeed: check the commits of the',
      'branch, or the workloads, for its result. It is safe to run the same',
      'command again.',
      '',
      'Error: timeout: executing HTTP request: 503 Service Unavailable no upstream',
      "Run 'fluxctl release --help' for usage.",
      '',
    ]);
    expect(code).toBe(1);
    expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('is waited for with a sync and with the health of what was applied', async () => {
    const remote = { url: 'ssh://git@example.org/acme/conf', branch: 'main', path: '' };
    const config = { remote, publicSSHKey: { key: '', fingerprints: null }, status: 'ready', errors: '' };
    const report = (state: string) => ({ id: 's-1', state, counts: {}, changes: [], errors: [], warnings: [] });
    const { code, lines } = await run(
      {
        'POST /flux/v9/git-repo-config': [config],
        'POST /v1/syncs': [report('queued')],
        'GET /v1/syncs/s-1': [...away(ATTEMPTS), { ...report('done'), revision: 'abcdef0123' }],
        'GET /v1/health': [...away(ATTEMPTS), { revision: 'abcdef0123', settled: true, counts: { current: 1 }, objects: [] }],
      },
      ['sync', '--wait'],
    );
    expect(lines.split('\n')).toEqual([
      '2 Synchronizing with ssh://git@example.org/acme/conf',
      `2 ${WARNING}`,
      '2 The daemon answers again.',
      '2 Revision of main to apply is abcdef0',
      '2 Waiting for abcdef0 to be applied ...',
      '2 Done.',
      '1 nothing to apply',
      `2 ${WARNING}`,
      '2 The daemon answers again.',
      '2 1 of 1 object healthy.',
      '',
    ]);
    expect(code).toBe(0);
  });

  test('a daemon that says nothing any more is waited for as long as --timeout says, and a little', async () => {
    const deadlines: number[] = [];
    const ended = new AbortController();
    const { code, stderr } = await run({ [SUBMIT]: ['job-1'], [JOB]: [SILENCE] }, [...RELEASE, '--timeout=5s'], {
      deadline: (ms, parent) => {
        deadlines.push(ms);
        // Those of the requests themselves are longer.
        if (ms <= 10_000) setTimeout(() => ended.abort(new DOMException('time is up', 'TimeoutError')), 20);
        const signal = ms <= 10_000 ? ended.signal : (parent ?? new AbortController().signal);
        return { signal, [Symbol.dispose]: () => undefined };
      },
    });
    expect(stderr.split('\n').slice(1)).toEqual([
      'We timed out waiting for the result of the operation. It may still',
      expect.any(String),
      expect.any(String),
      'command again.',
      '',
      'Error: timeout',
      "Run 'fluxctl release --help' for usage.",
      '',
    ]);
    expect([code, Math.min(...deadlines)]).toEqual([1, 10_000]);
  });

  test('what only it refuses is not asked again', async () => {
    const refused = { status: 401, body: 'no' };
    const { requests } = await run({ [SUBMIT]: ['job-1'], [JOB]: [...away(ATTEMPTS), refused] }, RELEASE);
    expect(requests).toHaveLength(1 + ATTEMPTS + 1);
  });
});

describe('--watch', () => {
  const workload = (Status: string) => ({
    ID: 'a:deployment/b',
    Containers: [],
    Status,
    Rollout: { Desired: 1, Updated: 1, Ready: 1, Outdated: 0, Messages: null },
    Automated: false,
    Locked: false,
    Ignore: false,
  });
  const WATCH = ['list-workloads', '--watch', '--no-headers'];
  const END = { status: 500, body: 'gone' };
  const row = (status: string) => `a:deployment/b      ${status}  \n`;

  test('goes on after a daemon that was away, and repeats nothing', async () => {
    const answers = [[workload('updating')], ...away(4 * ATTEMPTS), [workload('updating')], [workload('ready')], END];
    const { stdout, stderr } = await run({ 'GET /flux/v6/services': answers }, WATCH);
    expect(stdout).toBe(row('updating') + row('ready'));
    expect(stderr.split('\n').slice(0, 3)).toEqual([WARNING, 'The daemon answers again.', expect.stringContaining('500')]);
  });

  test('tells that it answers again also when it has news by then', async () => {
    const answers = [[workload('updating')], ...away(ATTEMPTS), [workload('ready')], ...away(ATTEMPTS), [workload('ready')], END];
    const { stdout, stderr } = await run({ 'GET /flux/v6/services': answers }, WATCH);
    expect(stdout).toBe(row('updating') + row('ready'));
    const again = 'The daemon answers again.';
    expect(stderr.split('\n').slice(0, 5)).toEqual([WARNING, again, WARNING, again, expect.stringContaining('500')]);
  });

  test('shows a terminal the list again, in place of what was told of the outage', async () => {
    const answers = [[workload('ready')], ...away(ATTEMPTS), [workload('ready')], [workload('ready')], END];
    const { stdout } = await run({ 'GET /flux/v6/services': answers }, WATCH, { isTTY: true });
    expect(stdout).toBe(`\u001b[H\u001b[J${row('ready')}`.repeat(2));
  });

  test('ends at once when there was nothing to watch yet', async () => {
    const { code, stdout, requests } = await run({ 'GET /flux/v6/services': [AWAY] }, WATCH);
    expect([code, stdout, requests.length]).toEqual([1, '', ATTEMPTS]);
  });
});
