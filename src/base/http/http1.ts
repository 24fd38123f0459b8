import type { Agent, ClientRequest } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Reach } from './network.ts';
import { http } from './node-http.ts';
import { proxyFor } from './proxy.ts';
import { checkReach, lookupWithin } from './reach.ts';
import { type Answer, type HttpRequest, readTls, type Wire, type WireOptions } from './wire.ts';

/** HTTP/1.1 by node:http(s), with one keep-alive agent. */
export function createHttp1({ maxSockets, userAgent, tls, lookup, proxyEnvironment }: WireOptions): Wire {
  const settings = { keepAlive: true, maxSockets, scheduling: 'lifo' } as const;
  /** By protocol, proxy and reach: a connection made for a wider reach must not serve a narrower one. */
  const agents = new Map<string, Agent>();

  /** Created by the first request, so that an unreadable certificate is an error of that request. */
  function agentFor({ protocol }: URL, proxy: string | undefined, reach: Reach | undefined): Agent {
    const key = `${protocol} ${proxy ?? reach}`;
    const known = agents.get(key);
    if (known) return known;
    // A proxy resolves the name itself, and may be at any address.
    const isChecked = reach !== undefined && proxy === undefined;
    const options = { ...settings, ...(isChecked ? { lookup: lookupWithin(reach, lookup) } : {}) };
    const agent =
      protocol === 'https:'
        ? new https.Agent({
            ...options,
            ...(tls ? readTls(tls) : {}),
            ...(proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: proxy } }),
          })
        : new http.Agent(options);
    agents.set(key, agent);
    return agent;
  }

  function open(url: URL, request: HttpRequest, signal: AbortSignal): Promise<Answer> {
    const isSecure = url.protocol === 'https:';
    const proxy = isSecure && proxyEnvironment ? proxyFor(url, proxyEnvironment) : undefined;
    const method = request.method ?? 'GET';
    const headers: Record<string, string> = { 'user-agent': userAgent, ...request.headers };
    if (request.body !== undefined) headers['content-length'] = String(Buffer.byteLength(request.body));
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (request.reach !== undefined) checkReach(url.hostname, request.reach);
      const outgoing = (isSecure ? https : http).request(url, {
        ...(isSecure && tls?.agent ? tls : { agent: agentFor(url, proxy, request.reach) }),
        ...(isSecure ? request.tls : {}),
        ...(request.path === undefined ? {} : { path: request.path }),
        method,
        headers,
      });
      let answered = false;
      outgoing.on('response', (response) => {
        answered = true;
        const address = proxy === undefined ? response.socket.remoteAddress : undefined;
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: response, ...(address === undefined ? {} : { address }) });
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // The server may have closed an idle connection just before its reuse; a read is safe to retry (RFC 9110, 9.2.2).
        const stale = outgoing.reusedSocket && !answered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (stale && (method === 'GET' || method === 'HEAD') && !signal.aborted) resolve(open(url, request, signal));
        else reject(error);
      });
      // Not Node's option `signal`, which adds a dozen listeners to each request, and which a request that waits for a free connection
      // would notice only after getting one.
      const onAbort = () => {
        reject(signal.reason);
        outgoing.destroy(new Error('aborted', { cause: signal.reason }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      outgoing.on('close', () => {
        signal.removeEventListener('abort', onAbort);
        // An unrequested 101 response ends a request without an error.
        if (!answered) reject(new Error('connection closed without a response'));
      });
      const send = () => {
        try {
          request.beforeSend?.();
          outgoing.end(request.body);
        } catch (error) {
          outgoing.destroy(error as Error);
        }
      };
      if (request.beforeSend) onceConnected(outgoing, send);
      else send();
    });
  }

  return {
    open,
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** Node accepts a request before it has a connection, and sends it when there is one. */
function onceConnected(outgoing: ClientRequest, send: () => void): void {
  outgoing.once('socket', (socket: Socket & { readonly secureConnecting?: boolean }) => {
    if (socket.secureConnecting) socket.once('secureConnect', send);
    else if (socket.connecting) socket.once('connect', send);
    else send();
  });
}
