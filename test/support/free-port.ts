import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that systems choose by themselves (32768 and up on Linux, 49152 elsewhere) and NodePorts: nobody gets it before it is used. */
const FROM = 20_000;
const TO = 30_000;

/** A port that nobody listens on at the moment, for a program that cannot choose one itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
