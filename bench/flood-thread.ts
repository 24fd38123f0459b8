/** A thread of `half-open-program.ts` that opens connections and never finishes a request; each that is cut off is opened again. */
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

export interface FloodOrder {
  readonly host: string;
  readonly port: number;
  /** Connections come from these addresses, evenly. */
  readonly sources: readonly string[];
  readonly connections: number;
}

/** The three ways not to finish: nothing, half of the headers, half of the body. */
const BEGINNINGS = [
  '',
  'GET /healthz HTTP/1.1\r\nHost: flux\r\nA',
  'POST /hook HTTP/1.1\r\nHost: flux\r\nContent-Length: 99\r\n\r\na',
];
const DRIP_MS = 10_000;
const AGAIN_MS = 5_000;
const { host, port, sources, connections } = workerData as FloodOrder;
let opened = 0;

function open(number: number): void {
  const socket = connect({ host, port, localAddress: sources[number % sources.length] });
  const dripping = setInterval(() => socket.write('a'), DRIP_MS);
  socket.on('connect', () => {
    opened += 1;
    socket.write(BEGINNINGS[number % BEGINNINGS.length] ?? '');
  });
  socket.resume();
  socket.on('error', () => {}); // cut off, as it should be
  socket.on('close', () => {
    clearInterval(dripping);
    setTimeout(() => open(number), AGAIN_MS * (0.5 + Math.random()));
  });
}

// Over a few seconds, and not all in one moment.
for (let number = 0; number < connections; number += 1) setTimeout(() => open(number), (AGAIN_MS * number) / connections);
parentPort?.on('message', () => parentPort?.postMessage(opened));
