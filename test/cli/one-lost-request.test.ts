import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/base/index.ts';
import type { Daemon, SyncReport, WorkloadStatus } from '../../src/controller/index.ts';
import { daemonOf, serve } from '../api/daemon-fixture.ts';
import { type ApiProxy, type Recorded, startApiProxy } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { changeOf } from '../support/changes.ts';
import { sampled } from '../support/sampled.ts';
import { fluxctl } from './daemon.ts';

const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const HASH = '0123456789abcdef';
const CART = 'shop:deployment/cart';

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['answered 503', { kind: 'answer', status: 503, headers: { 'content-type': 'text/plain' }, body: 'no upstream' }],
  ['answered 502', { kind: 'answer', status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' }],
  ['answered 504', { kind: 'answer', status: 504, body: '' }],
  ['lost before it arrives', { kind: 'drop' }],
  ['cut in the middle of its answer', { kind: 'cut', bytes: 3 }],
  ['never answered', { kind: 'hang', after: 'nothing' }],
  ['answered with a body that does not come', { kind: 'hang', after: 'headers' }],
  ['lost after it was carried out', { kind: 'lose-answer' }],
];
const isSilence = ({ kind }: Fault) => kind === 'hang';

/** A daemon in which what was asked for comes to its end while it is asked after. */
function daemonThatWorks(): Daemon {
  const steps = new Map<string, number>();
  const step = (what: string) => {
    const n = steps.get(what) ?? 0;
    steps.set(what, n + 1);
    return n;
  };
  const report = (state: SyncReport['state']): SyncReport => ({
    id: 's-1',
    state,
    ...(state === 'queued' ? {} : { revision: REVISION }),
    counts: state === 'done' ? { configured: 1, unchanged: 2 } : {},
    changes: state === 'done' ? [changeOf(CART, 'configured')] : [],
    errors: [],
    warnings: [],
  });
  const workload: WorkloadStatus = {
    id: CART,
    containers: [{ name: 'cart', image: 'acme/cart:1.3' }],
    readOnly: '',
    status: 'ready',
    rollout: { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] },
    syncError: '',
    antecedent: '',
    labels: {},
    automated: true,
    locked: false,
    ignore: false,
    policies: { automated: 'true' },
  };
  return daemonOf({
    listWorkloads: async () => [workload],
    gitConfig: async () => ({
      url: 'https://example.org/conf',
      branch: 'main',
      paths: [],
      state: { status: 'ready' },
      publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g flux\n',
    }),
    export: async () => 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n',
    job: async () => {
      const state = (['queued', 'running', 'succeeded'] as const)[Math.min(step('job'), 2)] ?? 'succeeded';
      const change = { Container: 'cart', Current: 'acme/cart:1.2', Target: 'acme/cart:1.3' };
      return {
        state,
        error: '',
        ...(state === 'succeeded'
          ? { revision: REVISION, result: { [CART]: { Status: 'success', PerContainer: [change] } } as const }
          : {}),
      };
    },
    syncStatus: async () => (step('syncStatus') === 0 ? [REVISION] : []),
    startSync: () => report('queued'),
    sync: () => report((['running', 'running', 'done'] as const)[Math.min(step('sync'), 2)] ?? 'done'),
    syncDone: async () => undefined,
    approveDeletions: () => report('queued'),
    deleteOrphans: () => report('queued'),
    heldDeletions: () => ({
      deletions: [],
      orphans: [{ id: 'shop:configmap/old', uid: 'u-1' }],
    }),
    health: async () => ({ revision: REVISION, settled: true, counts: { current: 3 }, objects: [] }),
    objects: () => ({ follows: [], revision: REVISION, syncedAt: 0, objects: [] }),
  });
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests: readonly Recorded[];
}

let proxy: ApiProxy | undefined;
let upstream: Awaited<ReturnType<typeof serve>> | undefined;
let daemon: Daemon = daemonThatWorks();

beforeAll(async () => {
  // Each run has a daemon of its own behind the same address.
  const current = new Proxy(daemonOf(), { get: (_target, key) => Reflect.get(daemon, key) });
  upstream = await serve(current);
  proxy = await startApiProxy({ server: new URL(`http://127.0.0.1:${upstream.port}`), tls: {}, headers: {} });
});
afterAll(async () => {
  await proxy?.close();
  await upstream?.[Symbol.asyncDispose]();
});

interface Lost {
  /** Counts from 1; none where it is 0. */
  readonly n: number;
  readonly fault?: Fault;
  /** Whether the daemon has nothing but the API of Flux v1. */
  readonly isGo?: boolean;
}

/** Deadlines of requests, that come when they are told to; those of whoever waits for an end, which are longer, do not. */
function createPatience(): { readonly deadline: Clock['deadline']; readonly end: () => void } {
  const open = new Set<AbortController>();
  return {
    deadline(ms, parent) {
      const over = new AbortController();
      if (ms <= 60_000) open.add(over);
      const signal = parent ? AbortSignal.any([over.signal, parent]) : over.signal;
      return { signal, [Symbol.dispose]: () => open.delete(over) };
    },
    end() {
      for (const each of open) each.abort(new DOMException('time is up', 'TimeoutError'));
    },
  };
}

async function run(line: readonly string[], { n, fault, isGo = false }: Lost): Promise<Outcome> {
  if (!proxy) throw new Error('the proxy is not up');
  daemon = daemonThatWorks();
  proxy.clear();
  const patience = createPatience();
  let count = 0;
  proxy.intercept = (request) => {
    count += 1;
    if (count === n) {
      if (fault && isSilence(fault)) setTimeout(patience.end, 20);
      return fault;
    }
    if (isGo && !request.path.startsWith('/api/flux/'))
      return { kind: 'answer', status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
    return undefined;
  };
  const url = `http://127.0.0.1:${proxy.port}/api/flux`;
  const { code, stdout, stderr } = await fluxctl(
    [...line, '--url', url],
    {},
    { deadline: patience.deadline, startAt: Date.now() },
  );
  return { code, stdout, stderr, requests: [...proxy.requests] };
}

/** What changes something at the daemon, and where a lost answer sends the person. */
const EFFECTS: Readonly<Record<string, RegExp>> = {
  '/api/flux/v9/update-manifests': /list-workloads/,
  '/api/flux/v9/git-repo-config': /fluxctl identity/,
  '/api/v1/syncs': /fluxctl status/,
  '/api/v1/automation/suspend': /fluxctl status/,
  '/api/v1/automation/resume': /fluxctl status/,
  '/api/v1/gc/approvals': /fluxctl gc /,
  '/api/v1/gc/orphan-deletions': /fluxctl gc orphans/,
};

function hasEffect({ method, path, body }: Recorded): boolean {
  if (method !== 'POST' || !(path in EFFECTS)) return false;
  if (path.endsWith('git-repo-config')) return body === 'true';
  return !body.includes('"Kind":"plan"');
}

const RELEASE = ['release', '-n', 'shop', `--workload=${CART}`, '--update-image=acme/cart:1.3', '--user=ann'];
const WORKLOAD = ['-w', CART, '--user=ann'];

const LINES: readonly (readonly string[])[] = [
  ['list-workloads', '-a'],
  ['list-images', '-n', 'shop'],
  [...RELEASE, '--watch'],
  [...RELEASE, '--dry-run'],
  ['automate', ...WORKLOAD],
  ['deautomate', ...WORKLOAD],
  ['lock', ...WORKLOAD],
  ['unlock', ...WORKLOAD],
  ['policy', '--tag-all=semver:~1', ...WORKLOAD],
  ['suspend', '--user=ann'],
  ['suspend', ...WORKLOAD],
  ['resume', '--user=ann'],
  ['sync', '--wait'],
  ['sync', '-o', 'json'],
  ['status'],
  ['why', CART],
  ['history'],
  ['diff'],
  ['gc'],
  ['gc', 'approve', HASH],
  ['gc', 'orphans'],
  ['gc', 'delete', 'shop:configmap/old'],
  ['doctor'],
  ['identity'],
  ['identity', '--regenerate'],
  ['save'],
  ['version', '--server'],
  ['__complete', '--', 'lock', '-w', 'shop:'],
];

/** Of a call that has its own time from --timeout, and so is not made a second time when that is over. */
const TIMED = ['/api/v1/diffs', '/api/flux/v6/export'];

function expectHonesty(line: readonly string[], { code, stdout, stderr, requests }: Outcome, hit: Recorded, fault: Fault): void {
  const carried = fault.kind !== 'drop' && fault.kind !== 'answer';
  expect([code, stdout], hit.path).toEqual([1, '']);
  expect(stderr, hit.path).toMatch(/^Error: executing HTTP request: /m);
  expect(stderr, hit.path).toContain('The daemon may or may not have accepted');
  expect(stderr, hit.path).toMatch(EFFECTS[hit.path] ?? /^$/);
  expect(
    requests.filter(({ path, body }) => path === hit.path && body === hit.body),
    `${line} ${carried}`,
  ).toHaveLength(1);
}

async function loseEach(line: readonly string[], fault: Fault, isGo: boolean): Promise<void> {
  const whole = await run(line, { n: 0, isGo });
  const known = whole.requests.map(({ path, body }) => `${path} ${body}`);
  for (let n = 1; n <= whole.requests.length; n += 1) {
    const lost = await run(line, { n, fault, isGo });
    const hit = lost.requests[n - 1];
    if (!hit) throw new Error(`${line.join(' ')} made fewer requests than before`);
    const where = `${line.join(' ')}: request ${n}, ${hit.method} ${hit.path}`;
    if (hasEffect(hit)) expectHonesty(line, lost, hit, fault);
    else if (isSilence(fault) && TIMED.includes(hit.path))
      expect(lost.stderr, where).toMatch(/no complete response within 60 s\n.*\n\nUse a longer --timeout\.\n$/);
    else {
      const { requests: _, ...seen } = lost;
      expect(seen, where).toEqual({ code: whole.code, stdout: whole.stdout, stderr: whole.stderr });
      expect(lost.requests.filter(hasEffect).length, where).toBe(whole.requests.filter(hasEffect).length);
    }
    // Nothing that it would not have been asked without the loss.
    expect(
      lost.requests.map(({ path, body }) => `${path} ${body}`).filter((each) => !known.includes(each)),
      where,
    ).toEqual([]);
  }
}

describe('one request of fluxctl that comes to nothing', () => {
  const rows = LINES.flatMap((line) => FAULTS.map(([way, fault]) => [line.join(' '), way, line, fault] as const));
  test.for(sampled('ways to lose requests of command lines', rows, Math.ceil(LINES.length / 2)))(
    'in fluxctl %s: %s',
    ([, , line, fault]) => loseEach(line, fault, false),
  );

  const GO_LINES = [['sync'], RELEASE, ['doctor'], ['list-workloads', '-a']];
  const goRows = GO_LINES.flatMap((line) => FAULTS.map(([way, fault]) => [line.join(' '), way, line, fault] as const));
  test.for(sampled('ways to lose requests beside a Go fluxd', goRows, 3))(
    'in fluxctl %s beside a Go fluxd: %s',
    ([, , line, fault]) => loseEach(line, fault, true),
  );
});
