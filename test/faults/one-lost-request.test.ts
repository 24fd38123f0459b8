import { describe, expect, test } from 'vitest';
import { countOutcomes } from '../../src/controller/sync-recorder.ts';
import type { KubeObject } from '../../src/resource/index.ts';
import { configMap, manifest, namespace } from '../cluster/world.ts';
import type { Recorded } from '../e2e/harness/api-proxy.ts';
import type { Fault } from '../e2e/harness/fault.ts';
import { sampled } from '../support/sampled.ts';
import { startWorld } from './world.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const answer = (status: number, headers = {}): Fault => ({ kind: 'answer', status, headers });

const cut = ({ watch }: Recorded): Fault =>
  watch ? { kind: 'stream', line: (line) => [line.slice(0, 40), 'end'] } : { kind: 'cut', bytes: 40 };

const FAULTS: readonly (readonly [string, Fault | typeof cut])[] = [
  ['answered 503', answer(503)],
  ['answered 500', answer(500)],
  ['answered 429', answer(429, { 'retry-after': '1' })],
  ['answered 504', answer(504)],
  ['lost before it arrives', { kind: 'drop' }],
  ['lost after it was carried out', { kind: 'lose-answer' }],
  ['cut in the middle of its answer', cut],
  ['never answered', { kind: 'hang', after: 'nothing' }],
];

const app = { selector: { matchLabels: { app: 'a' } } };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'acme/a:1' }] } };
const inShop = (apiVersion: string, kind: string, name: string, more: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'shop' },
  ...more,
});
const SET = [
  ['api/v1/namespaces/shop/configmaps', configMap('a')],
  ['api/v1/namespaces/shop/configmaps', configMap('b')],
  ['api/v1/namespaces/shop/secrets', manifest(inShop('v1', 'Secret', 'token', { data: { a: 'YQ==' } }))],
  [
    'apis/apps/v1/namespaces/shop/deployments',
    manifest(inShop('apps/v1', 'Deployment', 'web', { spec: { replicas: 0, ...app, template } })),
  ],
  ['apis/apps/v1/namespaces/shop/daemonsets', manifest(inShop('apps/v1', 'DaemonSet', 'agent', { spec: { ...app, template } }))],
] as const;

/** The first sync over what kubectl applied: a fault at its nth request. */
async function firstSync(n: number, fault?: Fault | typeof cut) {
  const { proxy, person, sync } = await startWorld();
  for (const [path, { object }] of SET) {
    const metadata = { ...object.metadata, annotations: { [LAST_APPLIED]: JSON.stringify(object) } };
    await person.create(`${path}?fieldManager=kubectl-client-side-apply`, { ...object, metadata });
  }
  let count = 0;
  let hit: Recorded | undefined;
  proxy.intercept = (recorded) => {
    count += 1;
    if (count !== n) return undefined;
    hit = recorded;
    return typeof fault === 'function' ? fault(recorded) : fault;
  };
  const changes = await sync([namespace('shop'), ...SET.map(([, each]) => each)]);
  return { requests: count, hit: `${hit?.method} ${hit?.path}`, counts: countOutcomes(changes) };
}

/** Whatever the request is for: discovery, a watch that brings the first list, taking over, applying. */
describe('one request of a first sync that comes to nothing', () => {
  test.for(sampled('ways to lose a request', FAULTS, 1))(
    'because it is %s is made again, and nobody learns of it',
    async ([, fault]) => {
      const { requests, counts } = await firstSync(0);
      expect(counts).toEqual({ configured: SET.length + 1 });
      for (let n = 1; n <= requests; n += 1) {
        const lost = await firstSync(n, fault);
        expect(lost.counts, lost.hit).toEqual(counts);
      }
    },
  );
});
