import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Endpoint, KubeJson } from '../test/e2e/harness/kube-client.ts';

/**
 * Lists a collection, then watches it. `look` sees every object as it is and as it becomes; the watch ends when what it answers
 * says so, at the earliest after the list.
 */
export async function watchCollection(
  endpoint: Endpoint,
  path: string,
  look: (object: KubeJson) => () => boolean,
  query: Readonly<Record<string, string>> = {},
): Promise<void> {
  const agent = new Agent({ keepAlive: true, ...endpoint.tls });
  const open = (more: Readonly<Record<string, string>>) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const url = new URL(path, endpoint.server);
      for (const [name, value] of Object.entries({ ...query, ...more })) url.searchParams.set(name, value);
      const outgoing = request(url, { agent, headers: { ...endpoint.headers, accept: 'application/json' } }, resolve);
      outgoing.on('error', reject);
      outgoing.end();
    });
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await open({})) chunks.push(chunk);
    const { items, metadata } = JSON.parse(Buffer.concat(chunks).toString());
    let isOver = () => false;
    for (const item of items) isOver = look(item);
    if (isOver()) return;
    const stream = await open({ watch: 'true', resourceVersion: metadata.resourceVersion });
    await eachLine(stream, (line) => {
      const { type, object } = JSON.parse(line);
      if (type === 'ERROR') throw new Error(`${path}: ${line}`);
      return look(object)();
    });
  } finally {
    agent.destroy();
  }
}

/** Until one line is the last; what becomes of the stream afterwards does not matter. */
function eachLine(stream: IncomingMessage, isLast: (line: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      try {
        if (lines.some(isLast)) resolve();
      } catch (error) {
        reject(error);
      }
    });
    stream.on('end', () => reject(new Error('the watch ended')));
    stream.on('error', reject);
  });
}
