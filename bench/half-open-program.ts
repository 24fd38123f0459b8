/**
 * `node half-open-program.ts CONNECTIONS MS`: questions to fluxd with and without half-open connections, in turn; prints what came of
 * them as JSON. It runs in a network namespace in which 198.51.100.0/24 (RFC 5737) is this machine: loopback addresses are another
 * door, and nothing may come from elsewhere.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Measured, Round } from './cases/half-open.ts';
import { startFluxd } from './contenders/fluxd.ts';
import type { FloodOrder } from './flood-thread.ts';
import { applications } from './manifests.ts';
import { cpuSeconds } from './measure.ts';
import { onEmbedded } from './on-embedded.ts';
import { openLoop } from './open-loop.ts';
import { createSender } from './sender.ts';

const HOST = '198.51.100.1';
const FLOODING = Array.from({ length: 200 }, (_, n) => `198.51.100.${n + 10}`);
const KUBELET = '198.51.100.250';
const WORKLOADS = 100;
const PROBES_PER_SECOND = 20;
const LISTINGS_PER_SECOND = 50;
const LISTING = '/api/flux/v11/services?namespace=';
const ROUNDS = 2;
/** The flood is there by then. */
const GATHER_MS = 6_000;
const SAMPLE_MS = 200;

const [, , connections = '', ms = ''] = process.argv;
const forMs = Number(ms);

const measured = await onEmbedded(async ({ server, repository }): Promise<Measured> => {
  await repository.commit('Everything', applications(WORKLOADS, 'half-open'));
  const fluxd = await startFluxd({ kubeconfig: server.kubeconfig, repository, core: 0, host: '0.0.0.0' });
  const port = Number(new URL(fluxd.url).port);
  try {
    const openFiles = () => readdirSync(`/proc/${fluxd.pid}/fd`).length;
    const filesAtRest = openFiles();
    const ask = async (): Promise<Round> => {
      const probes = createSender(port, { host: HOST, localAddress: KUBELET, keepAlive: false });
      const listings = createSender(port);
      const cpuBefore = cpuSeconds(fluxd.pid);
      let [mib, files] = [0, 0];
      const sampling = setInterval(() => {
        mib = Math.max(mib, fluxd.residentMib());
        files = Math.max(files, openFiles());
      }, SAMPLE_MS);
      const [probed, listed] = await Promise.all([
        openLoop(PROBES_PER_SECOND, forMs, () => probes.send({ path: '/healthz' })),
        openLoop(LISTINGS_PER_SECOND, forMs, () => listings.send({ path: LISTING })),
      ]);
      clearInterval(sampling);
      probes.close();
      listings.close();
      return { probed, listed, mib, files, cpu: cpuSeconds(fluxd.pid) - cpuBefore };
    };
    await ask(); // code that runs for the first time is slow
    const [quiet, busy]: [Round[], Round[]] = [[], []];
    let opened = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      quiet.push(await ask());
      const order: FloodOrder = { host: HOST, port, sources: FLOODING, connections: Number(connections) };
      const thread = new Worker(new URL('./flood-thread.ts', import.meta.url), { workerData: order });
      await sleep(GATHER_MS);
      const before = await openedBy(thread);
      busy.push(await ask());
      opened += (await openedBy(thread)) - before;
      await thread.terminate();
      await sleep(1_000);
    }
    return { quiet, busy, opened, filesAtRest };
  } finally {
    await fluxd.end();
  }
});
console.log(JSON.stringify(measured));

function openedBy(thread: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    thread.postMessage('how many');
  });
}
