// A process of its own that floods a port: node client.ts PORT KIND. It says "started" when its first connections are made, ends when
// its standard input does, and then says how many requests it has tried.
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FLOODS, type FloodKind } from './kinds.ts';

const [port = 0, kind = ''] = [Number(process.argv[2]), process.argv[3]];
const { connections, said, tls, reads = true, again = true } = FLOODS[kind as FloodKind];
let tried = 0;
let ended = false;

process.stdin.resume().on('end', () => {
  ended = true;
  process.stdout.write(`${tried}\n`, () => process.exit(0));
});
for (let n = 0; n < connections; n++) open();
setTimeout(() => process.stdout.write('started\n'), 100);

function open(): void {
  // From another address than the probes, as in a cluster.
  const end = { port, host: '127.0.0.1', localAddress: '127.0.0.2' };
  const socket = tls ? connectTls({ ...end, rejectUnauthorized: false }) : connect(end);
  const speak = () => {
    if (ended || socket.destroyed) return;
    tried += said.requests;
    const wantsMore = socket.write(said.text);
    // Pipelined requests go out as fast as they are taken; others follow the answer to the one before.
    if (said.requests > 1) wantsMore ? setImmediate(speak) : socket.once('drain', speak);
  };
  socket.once(tls ? 'secureConnect' : 'connect', speak);
  if (!reads) socket.pause();
  else
    socket.on('data', () => {
      if (said.requests === 1 && again) speak();
      else if (!again) socket.destroy();
    });
  socket.on('error', () => {}); // being cut off is what is expected
  socket.on('close', () => {
    if (!ended) setImmediate(open);
  });
}
