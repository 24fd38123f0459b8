/** A thread of `cases/api-load.ts` that only sends requests: no other work of a benchmark may delay them. */
import { parentPort, workerData } from 'node:worker_threads';
import { openLoop } from './open-loop.ts';
import { createSender } from './sender.ts';

export interface LoadOrder {
  readonly port: number;
  readonly forMs: number;
  readonly listing: string;
  readonly listingsPerSecond: number;
  readonly questionsPerSecond: number;
  /** The revision that was synced last; a message brings the next. */
  readonly revision: string;
}

const order = workerData as LoadOrder;
let { revision } = order;
parentPort?.on('message', (next: string) => {
  revision = next;
});
const sender = createSender(order.port);
// Half of the questions are what fluxctl waits with after a release, half ask how far behind the cluster is.
const ask = (number: number) => sender.send({ path: `/api/flux/v6/sync?ref=${number % 2 === 0 ? revision : 'main'}` });
const [listings, questions] = await Promise.all([
  openLoop(order.listingsPerSecond, order.forMs, () => sender.send({ path: order.listing })),
  openLoop(order.questionsPerSecond, order.forMs, ask),
]);
sender.close();
parentPort?.postMessage({ listings, questions });
parentPort?.close();
