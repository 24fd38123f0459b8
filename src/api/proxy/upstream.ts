import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { http } from '../../base/index.ts';

/** Headers that concern one connection (RFC 9110, 7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']);

/**
 * Passes a request on as it is, Host and Origin included, so that fluxd judges it as if it had come to its own port; and the answer back
 * as it comes, no faster than the browser reads it. `failure` is answered where fluxd cannot be reached.
 */
export function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: URL,
  failure: (error: Error) => string,
): void {
  const passed = http.request({
    host: upstream.hostname,
    port: upstream.port,
    method: incoming.method,
    path: incoming.url,
    headers: endToEnd(incoming.rawHeaders),
    setHost: false,
  });
  outgoing.on('close', () => passed.destroy());
  passed.on('error', (error) => {
    if (outgoing.headersSent) return void outgoing.destroy();
    outgoing.writeHead(502, { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
    outgoing.end(`${failure(error)}\n`);
  });
  passed.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders));
    // Both ends are destroyed when one breaks, which is how the browser learns of it.
    pipeline(answer, outgoing, () => undefined);
  });
  incoming.on('error', () => passed.destroy());
  incoming.pipe(passed);
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
