import { channel } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** How many requests of this process to a host are on their way. */
export function requestsTo(host: string): () => number {
  const open = new Set<ClientRequest>();
  const created = channel('http.client.request.created');
  const onCreated = (message: unknown) => {
    const { request } = message as { readonly request: ClientRequest };
    if (request.getHeader('host') !== host) return;
    open.add(request);
    request.on('close', () => open.delete(request));
  };
  created.subscribe(onCreated);
  return () => open.size;
}
