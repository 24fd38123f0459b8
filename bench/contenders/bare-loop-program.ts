/** `node bare-loop-program.ts WORK.json`: carries out the work of bare-loop.ts and prints, as JSON, what it took. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { type KubeJson, readKubeconfig } from '../../test/e2e/harness/kube-client.ts';
import { cpuSeconds, peakMib } from '../measure.ts';
import { watchCollection } from '../watch.ts';
import type { Applied, Work } from './bare-loop.ts';

const work: Work = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
const endpoint = readKubeconfig(work.kubeconfig);
const agent = new Agent({ keepAlive: true, maxSockets: work.inFlight, scheduling: 'lifo', ...endpoint.tls });
const headers = {
  ...endpoint.headers,
  accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  'content-type': 'application/apply-patch+yaml',
};

const before = cpuSeconds(process.pid);
const begin = performance.now();
for (const stage of work.stages) {
  let next = 0;
  const worker = async () => {
    for (let item = stage[next++]; item !== undefined; item = stage[next++]) await apply(item);
  };
  await Promise.all(Array.from({ length: work.inFlight }, worker));
}
const seconds = (performance.now() - begin) / 1000;
if (work.deployments !== undefined) await allReady(work.deployments);
const answer: Applied = {
  seconds,
  healthySeconds: (performance.now() - begin) / 1000,
  cpuSeconds: cpuSeconds(process.pid) - before,
  peakMib: peakMib(process.pid),
};
console.log(JSON.stringify(answer));
agent.destroy();

function apply({ path, body }: Work['stages'][number][number]): Promise<void> {
  return new Promise((resolve, reject) => {
    const url = new URL(`${path}?fieldManager=flux&force=true&fieldValidation=Strict`, endpoint.server);
    const length = Buffer.byteLength(body);
    const outgoing = request(
      url,
      { method: 'PATCH', agent, headers: { ...headers, 'content-length': length } },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        if (response.statusCode === 200 || response.statusCode === 201) resolve();
        else reject(new Error(`${path}: ${response.statusCode} ${Buffer.concat(chunks)}`));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** One list and one watch, until every Deployment is ready. */
async function allReady(collection: string): Promise<void> {
  const waiting = new Set<string>();
  await watchCollection(endpoint, collection, (object) => {
    if (isReady(object)) waiting.delete(object.metadata.name);
    else waiting.add(object.metadata.name);
    return () => waiting.size === 0;
  });
}

/** As kstatus has it. */
function isReady({ metadata, spec, status = {} }: KubeJson): boolean {
  const conditions: readonly { readonly type: string; readonly status: string }[] = status.conditions ?? [];
  return (
    status.observedGeneration === metadata.generation &&
    (status.updatedReplicas ?? 0) >= spec.replicas &&
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) &&
    (status.availableReplicas ?? 0) >= spec.replicas &&
    conditions.some((condition) => condition.type === 'Available' && condition.status === 'True')
  );
}
