import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { LogPiece } from '../../src/change/index.ts';
import { openLiveReads } from '../../src/cluster/live/index.ts';
import { startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A Deployment of an image, applied by hand, and what is asked about it. */
async function deploy(image: string) {
  const namespace = world.namespace('shop');
  await world.kube.create('api/v1/namespaces', { metadata: { name: namespace } });
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            { name: 'web', image, resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '0.5Gi' } } },
          ],
        },
      },
    },
  };
  await world.kube.create(`apis/apps/v1/namespaces/${namespace}/deployments`, object);
  const reads = await openLiveReads({ kubeconfigFile: world.kubeconfig });
  onTestFinished(() => reads.close());
  const question = { id: `${namespace}:deployment/web`, desired: { object }, permit: async () => undefined };
  const podIn = async (state: string) => {
    let name = '';
    await until(`a container is ${state}`, async () => {
      const { pods } = await reads.pods(question);
      name = pods.find(({ containers }) => containers.some(({ now }) => now.state === state))?.name ?? '';
      return name !== '';
    });
    return name;
  };
  const logs = async (
    pod: string,
    parts: { readonly previous?: boolean; readonly follow?: boolean; readonly sinceTime?: string } = {},
  ) => {
    const gone = new AbortController();
    onTestFinished(() => gone.abort());
    return reads.logs({ ...question, pod, container: 'web', previous: false, follow: false, ...parts }, { signal: gone.signal });
  };
  return { reads, question, podIn, logs };
}

async function whole(pieces: AsyncIterable<LogPiece>) {
  const lines: string[] = [];
  for await (const piece of pieces)
    if (piece.type === 'lines') lines.push(...piece.lines);
    else return { lines, end: piece.reason };
  throw new Error('the log has no end');
}

test('a container that waits for its image has no log, and the API server says why', async () => {
  const { podIn, logs } = await deploy('example.com/acme/web:missing');
  const pod = await podIn('waiting');
  await expect(whole(await logs(pod))).rejects.toMatchObject({
    code: 'cluster/invalid',
    message: expect.stringMatching(/^container "web" in pod "web-\S+" is waiting to start: /),
  });
  await expect(whole(await logs(pod, { previous: true }))).rejects.toMatchObject({
    code: 'cluster/invalid',
    message: `previous terminated container "web" in pod "${pod}" not found`,
  });
});

async function readsRunning() {
  await world.push('acme/web', 'runs', { version: '1' });
  const image = `${world.registry}/acme/web:runs`;
  const { reads, question, podIn, logs } = await deploy(image);
  const pod = await podIn('running');
  const { pods, usage } = await reads.pods(question);
  expect(usage).toEqual({ state: 'not-served' });
  expect(pods[0]?.containers[0]).toMatchObject({ requests: { cpu: 0.01, memory: 2 ** 24 }, limits: { memory: 2 ** 29 } });
  await until('it wrote its line', async () => (await whole(await logs(pod))).lines.length > 0);
  const { lines, end } = await whole(await logs(pod));
  const [line = ''] = lines;
  expect([lines.length, end]).toEqual([1, 'ended']);
  expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d) listening on :8080$/);
  // Kubernetes takes whole seconds: a later part of the second has the line again.
  const second = new Date(Math.floor(Date.parse(line.slice(0, line.indexOf(' '))) / 1000) * 1000).toISOString().slice(0, 19);
  expect((await whole(await logs(pod, { sinceTime: `${second}.999999999Z` }))).lines).toEqual(lines);
  expect((await whole(await logs(pod, { sinceTime: '2100-01-01T00:00:00Z' }))).lines).toEqual([]);
  const following = (await logs(pod, { follow: true }))[Symbol.asyncIterator]();
  expect((await following.next()).value).toEqual({ type: 'lines', lines });
  // Of a quiet container not even headers come; the reading is over before the wait for them is.
  expect(await whole(await logs(pod, { follow: true, sinceTime: '2100-01-01T00:00:00Z' }))).toEqual({ lines: [], end: 'renew' });
  expect((await following.next()).value).toEqual({ type: 'end', reason: 'renew' });
}

async function readsPrevious() {
  await world.push('acme/web', 'fails', { version: '1', exitCode: 3 });
  const image = `${world.registry}/acme/web:fails`;
  const { reads, question, logs } = await deploy(image);
  let pod = '';
  await until('it restarted', async () => {
    const found = (await reads.pods(question)).pods.find(({ containers }) => containers[0]?.last);
    pod = found?.name ?? '';
    return pod !== '' && found?.containers[0]?.last?.exitCode === 3;
  });
  const { lines, end } = await whole(await logs(pod, { previous: true }));
  expect(end).toBe('ended');
  // It wrote nothing; a container that the kubelet has removed meanwhile is named in a line of its own.
  for (const line of lines) expect(line).toMatch(/^unable to retrieve container logs for containerd:/);
}

// The embedded cluster runs no programs.
if (process.env.TEST_KUBECONFIG !== undefined) {
  test('the log of a container that runs is read, followed, and read again from a second on', readsRunning);
  test('the log of a container before its restart is the previous one', readsPrevious);
}
