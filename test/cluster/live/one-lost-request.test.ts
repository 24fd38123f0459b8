import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LiveObjectReport } from '../../../src/change/index.ts';
import { openLiveReads } from '../../../src/cluster/live/index.ts';
import { startKubernetes } from '../../../src/sim/index.ts';
import { type ApiProxy, startApiProxy } from '../../e2e/harness/api-proxy.ts';
import type { Fault } from '../../e2e/harness/fault.ts';
import { createKubeClient, readKubeconfig } from '../../e2e/harness/kube-client.ts';

const object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'text', namespace: 'default' },
  data: { a: 'in Git' },
};
const QUESTION = { id: 'default:configmap/text', desired: { object }, permit: async () => undefined };

let kubernetes: Awaited<ReturnType<typeof startKubernetes>>;
let proxy: ApiProxy;
const directory = mkdtempSync(join(tmpdir(), 'flux-live-lost-'));

beforeAll(async () => {
  kubernetes = await startKubernetes();
  const direct = join(directory, 'direct');
  writeFileSync(direct, kubernetes.kubeconfig());
  await createKubeClient(readKubeconfig(direct)).create('/api/v1/namespaces/default/configmaps', {
    ...object,
    data: { a: 'by hand' },
  });
  proxy = await startApiProxy(readKubeconfig(direct));
});
afterAll(async () => {
  await proxy.close();
  await kubernetes.stop();
  rmSync(directory, { recursive: true });
});

/** Reads twice as a new `fluxctl ui` does; the first time, one request is lost. */
async function readTwice(number: number, fault: Fault) {
  const reads = await openLiveReads({ kubeconfigFile: proxy.kubeconfig });
  proxy.clear();
  let count = 0;
  proxy.intercept = () => {
    count += 1;
    return count === number ? fault : undefined;
  };
  try {
    const first = await reads.object(QUESTION).catch((error: unknown) => error);
    proxy.intercept = undefined;
    return { first, second: await reads.object(QUESTION), requests: count };
  } finally {
    proxy.intercept = undefined;
    reads.close();
  }
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['answered 503', { kind: 'answer', status: 503 }],
  ['answered by another server', { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hi</h1>' }],
  ['lost before it arrives', { kind: 'drop' }],
  ['cut in the middle of its answer', { kind: 'cut', bytes: 3 }],
  ['lost after it was carried out', { kind: 'lose-answer' }],
];

describe.each(FAULTS)('a read of which one request is %s', (_, fault) => {
  test('says so or has the same result, and the next read has it', async () => {
    const whole = await readTwice(0, fault);
    expect(whole.first).toEqual(whole.second);
    expect(whole.second.fields.find(({ path }) => path === 'data.a')).toMatchObject({ state: 'differs', live: 'by hand' });
    for (let number = 1; number <= whole.requests; number += 1) {
      const { first, second } = await readTwice(number, fault);
      expect(second, `after request ${number}`).toEqual(whole.second);
      if (first instanceof Error) expect(first, `request ${number}`).toHaveProperty('code', expect.stringMatching(/^cluster\//));
      else {
        const { events, ...rest } = first as LiveObjectReport;
        const { events: all, ...same } = whole.second;
        expect(rest, `request ${number}`).toEqual(same);
        if (events.state === 'read') expect(events).toEqual(all);
      }
    }
  });
});
