/** `node bare-server.ts BYTES`: answers every request with so many bytes, and nothing else is done; prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const body = Buffer.alloc(Number(process.argv[2]), 'x');
const nothing = Buffer.from('[]');
const server = createServer((incoming, outgoing) => {
  const answer = incoming.url?.includes('/sync') ? nothing : body;
  outgoing.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length }).end(answer);
});
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
