import { Writable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/base/index.ts';
import type { Change } from '../../src/change/index.ts';
import type { ClusterOptions } from '../../src/cluster/index.ts';
import type { KubernetesOptions } from '../../src/sim/index.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { thorough } from '../support/sampled.ts';
import { startWorld, type World } from './world.ts';

type FaultOf = (request: Recorded) => Fault | undefined;

const answer = (status: number, headers = {}): Fault => ({ kind: 'answer', status, headers });

/** Each of these passes: the next try of the same request is served. */
const FAULTS: readonly (readonly [string, FaultOf])[] = [
  ['answered 503', () => answer(503)],
  ['answered 500', () => answer(500)],
  ['answered 429', () => answer(429, { 'retry-after': '1' })],
  ['answered 504', () => answer(504)],
  ['lost before it arrives', () => ({ kind: 'drop' })],
  ['lost after it was carried out', () => ({ kind: 'lose-answer' })],
  [
    'cut in the middle of its answer',
    ({ watch }) => (watch ? { kind: 'stream', line: (line) => [line.slice(0, 40), 'end'] } : { kind: 'cut', bytes: 40 }),
  ],
  ['never answered', () => ({ kind: 'hang', after: 'nothing' })],
  ['answered by headers alone', () => ({ kind: 'hang', after: 'headers' })],
];

/** Something that a cluster is asked to do, from its beginning; what `begin` answers is done while a request is lost. */
export interface Flow {
  readonly options?: Partial<ClusterOptions & KubernetesOptions>;
  /** What the server makes of requests that are not lost. */
  readonly server?: (request: Recorded, world: World) => Fault | undefined | Promise<Fault | undefined>;
  /** The requests that are lost, one at a time. Default all. */
  readonly about?: (request: Recorded) => boolean;
  /** @returns what has to be done; what it comes to has to be the same with and without a lost request. */
  readonly begin: (world: World) => Promise<() => Promise<unknown>>;
  /** What it comes to. */
  readonly outcome: unknown;
  /** What is warned of, whether a request is lost or not. Default nothing. */
  readonly log?: readonly string[];
}

interface Played {
  readonly outcome: unknown;
  /** Of warnings and errors. */
  readonly log: readonly string[];
  /** Those that could be lost. */
  readonly requests: readonly string[];
}

/** Plays a flow in a world of its own; its nth request is lost, none when that is 0. */
async function play({ options, server, about = () => true, begin }: Flow, n: number, fault: FaultOf): Promise<Played> {
  const log: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      const { level, msg } = JSON.parse(String(chunk));
      if (level !== 'info') log.push(msg);
      done();
    },
  });
  const world = await startWorld({ ...options, log: await createLogger({ format: 'json', destination }) });
  const { proxy } = world;
  const usual = (recorded: Recorded) => server?.(recorded, world);
  proxy.intercept = usual;
  const run = await begin(world);
  const requests: string[] = [];
  proxy.intercept = (recorded) => {
    if (!about(recorded)) return usual(recorded);
    requests.push(`${recorded.method} ${recorded.path}${recorded.watch ? ' (watch)' : ''}`);
    return (requests.length === n ? fault(recorded) : undefined) ?? usual(recorded);
  };
  const outcome = await run();
  world.cluster.close();
  await world.end();
  return { outcome, log, requests };
}

/** Other kinds would only add lists of nothing, all alike. */
export const FEW_KINDS = {
  excludeResources: [
    ...['*.k8s.io/*', 'autoscaling/*', 'batch/*', 'policy/*'],
    ...['apps/v1/ControllerRevision', 'apps/v1/DaemonSet', 'apps/v1/ReplicaSet', 'apps/v1/StatefulSet'],
    ...['v1/Endpoints', 'v1/Event', 'v1/L*', 'v1/Node', 'v1/P*', 'v1/R*', 'v1/Service*'],
  ],
};

const all = thorough('all but two requests of each flow, and all but one way to lose them');

/** Of a table as much of it as is tried, from a place that differs from flow to flow. */
function tried<T>(table: readonly T[], count: number, turn: number): readonly T[] {
  const start = Math.floor((table.length * turn) / FAULTS.length) % table.length;
  return all ? table : [...table.slice(start), ...table.slice(0, start)].slice(0, count);
}

/**
 * For each request of the flow: when it alone is lost, it is made again, the flow comes to the same, and nobody is warned. Flows have
 * different turns, so that without FAULTS=all each way to lose a request is tried by some.
 */
export function losesNothing(what: string, flow: Flow, turn: number): void {
  test.for(tried(FAULTS, 1, turn))(`${what}: one request is %s`, async ([, fault]) => {
    const usual = await play(flow, 0, fault);
    expect({ outcome: usual.outcome, log: usual.log }).toEqual({ outcome: flow.outcome, log: flow.log ?? [] });
    const numbers = usual.requests.map((_, index) => index + 1);
    expect(numbers.length).toBeGreaterThan(0);
    const noticed: Record<string, unknown> = {};
    for (const n of tried(numbers, 2, turn)) {
      const { outcome, log, requests } = await play(flow, n, fault);
      if (!isDeepStrictEqual({ outcome, log }, { outcome: usual.outcome, log: usual.log }))
        noticed[`${n}: ${requests[n - 1]}`] = { outcome, log };
    }
    expect(noticed).toEqual({});
  });
}

/** What a sync came to, without the places of manifests. */
export function told(changes: readonly Change[]): Record<string, string> {
  return Object.fromEntries(
    changes.map(({ id, outcome, reason, error, drift }) => [
      id,
      [outcome, ...(drift ? ['drift'] : []), reason ?? error?.message ?? ''].filter((each) => each !== '').join(': '),
    ]),
  );
}
